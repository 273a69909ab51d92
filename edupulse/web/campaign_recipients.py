"""Who got it, who did not and who might have: the mails of a campaign by state and person, and as a file."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from edupulse.campaigns import monitor
from edupulse.campaigns.export import CONTENT_TYPES, export_name
from edupulse.campaigns.export import export as rows_of
from edupulse.campaigns.rows import existing
from edupulse.errors import NotFound
from edupulse.web.words import DELIVERY

blueprint = Blueprint("campaign_recipients", __name__, url_prefix="/campaigns/<int:campaign_id>/recipients")


@blueprint.get("")
def index(campaign_id: int) -> str:
    """List the mails of a campaign by the filter in the address."""
    campaign, arguments = existing(campaign_id), request.args
    state, search = arguments.get("state", ""), arguments.get("q", "").strip()
    facts = {
        "campaign": campaign,
        "page": monitor.deliveries(campaign_id, state, search, arguments.get("page", "")),
        "state": state,
        "search": search,
    }
    if arguments.get("part") == "live":
        return render_template("campaigns/_recipients.html", **facts)
    counts = monitor.counts_of([campaign.mailing_id])[campaign.mailing_id]
    return render_template("campaigns/recipients.html", **facts, counts=counts, states=DELIVERY)


@blueprint.get("/export.<kind>")
def export(campaign_id: int, kind: str) -> Response:
    """Return all of them with state, reason, answer and hour, as a file that no spreadsheet program runs."""
    if kind not in CONTENT_TYPES:
        raise NotFound("This list comes as CSV and as XLSX.")
    # Written whole before the first byte leaves, so the answer may be sent after the request is over.
    response = Response(rows_of(campaign_id, kind), content_type=CONTENT_TYPES[kind])
    response.headers.set("Content-Disposition", "attachment", filename=export_name(campaign_id, kind))
    return response
