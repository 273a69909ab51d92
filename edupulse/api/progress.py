"""`/campaigns/<id>/progress`, `deliveries` and `export`: what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from flask import Response
from pydantic import Field

from edupulse.api.answers import file_answer, page_of
from edupulse.api.delivery_facts import DeliveryState
from edupulse.api.noun import File, Noun
from edupulse.api.schema import Paged, PageOf, Query, Shown, Text
from edupulse.campaigns import monitor
from edupulse.campaigns.export import CONTENT_TYPES, export, export_name

noun = Noun("progress", __name__, url_prefix="/campaigns/<int:campaign_id>")


class Hold(Shown):
    """What it waits for: why, what to do, and until when where it goes on by itself."""

    cause: str
    reason: str
    cure: str
    since: datetime | None
    by: str
    resumes_at: datetime | None


class CampaignProgress(Shown):
    """How far a campaign is: `done` of `total` are settled, `rate` in mails a second, `eta` in seconds."""

    campaign_id: int
    name: str
    state: str
    counts: dict[str, int]
    total: int
    done: int
    rate: float
    eta: float | None
    ends_at: datetime | None
    binding: str
    words: str
    hold: Hold | None
    account: Hold | None
    question: str | None
    next_try_at: datetime | None
    plan: list[int]


class CampaignMail(Shown):
    """The mail to one person of the audience."""

    id: int
    address: str
    recipient_name: str
    locale: str
    state: str
    reason: str | None
    message_id: str
    tries: int
    accepted_at: datetime
    next_attempt_at: datetime
    sent_at: datetime | None


class WhichMails(Paged):
    """Those in `state`; `search` is an address, or a part of one or of a name."""

    state: DeliveryState = Field("", description="Only those in it.")
    search: Text = Field("", description="A whole address, found at once, or a part of one or of a name.")


class ExportFormat(Query):
    """CSV, or a sheet."""

    format: Literal["csv", "xlsx"] = Field("csv", description="CSV in UTF-8, or a spreadsheet.")


@noun.get("/progress/", gives=CampaignProgress)
def show(campaign_id: int) -> object:
    """Say how far it is: counts by state, rate, expected end, what binds, what holds it."""
    return monitor.progress(campaign_id)


@noun.get("/deliveries/", query=WhichMails, gives=PageOf[CampaignMail])
def list_deliveries(campaign_id: int, query: WhichMails) -> dict[str, Any]:
    """List its mails in the order of the audience; `state` and `search` narrow it."""
    return page_of(monitor.deliveries(campaign_id, query.state, query.search, **query.page()), CampaignMail)


@noun.get("/export/", query=ExportFormat, gives=File(tuple(CONTENT_TYPES.values())))
def download(campaign_id: int, query: ExportFormat) -> Response:
    """Return all of it as a file."""
    pieces = export(campaign_id, query.format)
    return file_answer(pieces, export_name(campaign_id, query.format), CONTENT_TYPES[query.format])
