"""`/campaigns/<id>/progress`, `deliveries` and `export`: what came of it."""

from __future__ import annotations

from typing import Any

from flask import Response

from edupulse.api.answers import answer, file_answer, page_answer
from edupulse.api.noun import Noun
from edupulse.api.words import asked, page_wanted
from edupulse.campaigns import monitor
from edupulse.campaigns.export import CONTENT_TYPES, export, export_name
from edupulse.mail.models import Delivery

noun = Noun("progress", __name__, url_prefix="/campaigns/<int:campaign_id>")


@noun.get("/progress/")
def show(campaign_id: int) -> Response:
    """Say how far it is: counts by state, rate, expected end, what binds, what holds it."""
    return answer(monitor.progress(campaign_id))


@noun.get("/deliveries/")
def list_deliveries(campaign_id: int) -> Response:
    """List its mails in the order of the audience; `state` and `search` narrow it."""
    return page_answer(
        monitor.deliveries(campaign_id, asked("state"), asked("search"), **page_wanted()), _delivery
    )


@noun.get("/export/")
def download(campaign_id: int) -> Response:
    """Return all of it as a file; `format` is csv or xlsx."""
    format = asked("format") or "csv"
    pieces = export(campaign_id, format)
    return file_answer(pieces, export_name(campaign_id, format), CONTENT_TYPES[format])


def _delivery(delivery: Delivery) -> dict[str, Any]:
    names = (
        "id", "address", "recipient_name", "locale", "state", "reason", "message_id", "tries", "accepted_at",
        "next_attempt_at", "sent_at",
    )  # fmt: skip
    return {name: getattr(delivery, name) for name in names}
