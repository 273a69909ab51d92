"""The people of a draft: shown with where they come from; lines and sources are added, some are taken out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from edupulse.campaigns import audience
from edupulse.campaigns.models import Intake
from edupulse.campaigns.rows import existing
from edupulse.errors import Invalid, NotFound
from edupulse.mail.people import Choice, sources
from edupulse.web.campaign_form import LANGUAGES
from edupulse.web.filters import counted
from edupulse.web.flashes import say

blueprint = Blueprint("campaign_audience", __name__, url_prefix="/campaigns/<int:campaign_id>/audience")


@dataclass(frozen=True)
class Offer:
    """A source and what may be chosen in it."""

    key: str
    title: str
    choices: list[Choice]


@blueprint.get("")
def show(campaign_id: int) -> str:
    """Show who is on the list and where they come from."""
    return _page(campaign_id)


@blueprint.post("/lines")
def add_lines(campaign_id: int) -> AnyResponse:
    """Add people who were typed or pasted."""
    typed = request.form.get("people", "")
    try:
        intake = audience.take_lines(campaign_id, typed, actor=current_user.email)
    except Invalid as error:
        return refused_page(campaign_id, lines_problem=str(error), typed=typed)
    return to_audience_after(campaign_id, intake)


@blueprint.post("/sources/<key>")
def add_source(campaign_id: int, key: str) -> AnyResponse:
    """Add the people of an event, of another campaign, or those who sign in."""
    value = request.form.get("value", "")
    return to_audience_after(
        campaign_id, audience.take_source(campaign_id, key, value, actor=current_user.email)
    )


@blueprint.post("/removals")
def remove(campaign_id: int) -> AnyResponse:
    """Take the people out who were ticked."""
    chosen = request.form.getlist("recipient", type=int)
    if not chosen:
        raise Invalid("Nobody was ticked.", cure="Go back and tick who should leave the list.")
    count = audience.remove(campaign_id, chosen, actor=current_user.email)
    say(f"{counted(count, 'person', 'people')} taken out.")
    return to_audience(campaign_id)


@blueprint.post("/intakes/<int:intake_id>/deletion")
def remove_intake(campaign_id: int, intake_id: int) -> AnyResponse:
    """Take everybody out who came from one file or source."""
    count = audience.remove(campaign_id, intake_id=intake_id, actor=current_user.email)
    say(f"{counted(count, 'person', 'people')} taken out.")
    return to_audience(campaign_id)


@blueprint.get("/intakes/<int:intake_id>/errors")
def errors(campaign_id: int, intake_id: int) -> Response:
    """Return the lines that were not taken in, as a file to mend them in."""
    if intake_id not in {intake.id for intake in audience.intakes(campaign_id)}:
        raise NotFound("This list was taken out again.")
    return as_file(audience.error_file(intake_id), f"rejected-{campaign_id}-{intake_id}.csv")


def to_audience(campaign_id: int) -> AnyResponse:
    """Go to the list of people."""
    return redirect(url_for("campaign_audience.show", campaign_id=campaign_id), 303)


def _page(campaign_id: int, **facts: Any) -> str:
    campaign, search = existing(campaign_id), request.args.get("q", "").strip()
    offers = _offers(campaign_id) if campaign.is_draft else []
    return render_template(
        "campaigns/audience.html",
        **{"problem": "", "lines_problem": "", "typed": "", **facts},
        campaign=campaign,
        count=audience.count(campaign_id),
        intakes=audience.intakes(campaign_id),
        search=search,
        page=audience.recipients(campaign_id, search, request.args.get("page", "")),
        sources=offers,
        languages=LANGUAGES,
    )


def _offers(campaign_id: int) -> list[Offer]:
    """Return the sources that have anybody to offer; a campaign is no source for itself."""
    itself = ("campaign", str(campaign_id))
    offers = (
        Offer(each.key, each.title, [one for one in each.choices() if (each.key, one.value) != itself])
        for each in sources()
    )
    return [offer for offer in offers if offer.choices]


def refused_page(campaign_id: int, **facts: str) -> Response:
    """Show the list again, with what is wrong beside its field."""
    return make_response(_page(campaign_id, **facts), 422)


def to_audience_after(campaign_id: int, intake: Intake) -> AnyResponse:
    """Say what became of what was read, and go back to the list."""
    sums = f"{intake.read} read = {intake.added} added + {intake.merged} merged + {intake.rejected} rejected."
    say(f"“{intake.title}”: {sums}", tone="ok" if intake.added or intake.merged else "wait")
    return to_audience(campaign_id)


def as_file(data: bytes, filename: str) -> Response:
    """Return a CSV for the browser to keep."""
    response = make_response(data)
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response
