"""`/campaigns/<id>/preflight`, `preview` and `test`: a campaign is looked at before anybody gets it."""

from __future__ import annotations

from typing import Any

from pydantic import Field, RootModel

from edupulse.api.answers import facts_of
from edupulse.api.campaign_words import NewCampaign, Somebody, read_draft
from edupulse.api.gate import actor
from edupulse.api.noun import Noun
from edupulse.api.schema import Body, Query, Shown, Text
from edupulse.campaigns import drafts, monitor
from edupulse.campaigns.drafts import CampaignDraft
from edupulse.campaigns.preflight import preflight
from edupulse.campaigns.preview import Preview as Seen
from edupulse.campaigns.preview import extremes, preview, send_test

noun = Noun("preview", __name__, url_prefix="/campaigns/<int:campaign_id>")


class Finding(Shown):
    """One thing that was found: red stops a start, amber should be read, green is as it should be."""

    level: str
    what: str
    detail: str
    cure: str
    count: int
    examples: list[str]
    code: str


class Preflight(Shown):
    """What can be known before anything is sent: what stands in the way, how large, how long, on which days."""

    ready: bool
    recipients: int
    bytes_largest: int
    eta_seconds: float
    binding: str
    binding_words: str
    plan_by_day: list[int]
    findings: list[Finding]


class AsWhom(Query):
    """`recipient` is an id or an address, by default the first of the audience."""

    recipient: Text = Field("", description="An id or an address; by default the first of the audience.")


class Look(Body):
    """As whom to look, an id or an address; and what to change of the saved text for this look alone."""

    recipient: Somebody | None = None
    draft: NewCampaign | None = None


class TrialOrder(Look):
    """To whom the trial goes: a few addresses."""

    to: list[Text] = Field(description="Up to ten addresses.", examples=[["me@school.example"]])


class Preview(Shown):
    """The mail as one person will get it; `empty_fields` leave a gap for this person."""

    address: str
    name: str
    made_up: bool
    locale: str
    sender: str = Field(alias="from")
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    bytes: int
    fields: list[str]
    empty_fields: list[str]
    enclosures: list[str]


class AudienceMember(Shown):
    """Somebody of the audience."""

    id: int
    address: str


class Extremes(RootModel[dict[str, AudienceMember]]):
    """The people whose mails break first, by what is special about them."""


class TrialMail(Shown):
    """A mail for trial that was accepted; `/deliveries/<id>/` tells what becomes of it."""

    id: int
    address: str
    subject: str
    state: str


class TrialMails(Shown):
    """The mails for trial, one to each address."""

    deliveries: list[TrialMail]


@noun.get("/preflight/", gives=Preflight)
def inspect(campaign_id: int) -> dict[str, Any]:
    """Try everything that can be tried without sending."""
    report = preflight(campaign_id)
    return {
        "ready": report.is_ready,
        "recipients": report.recipients,
        "bytes_largest": report.bytes_largest,
        "eta_seconds": report.eta,
        "binding": report.binding,
        "binding_words": report.words,
        "plan_by_day": report.plan_by_day,
        "findings": report.findings,
    }


@noun.get("/preview/", query=AsWhom, gives=Preview)
def look(campaign_id: int, query: AsWhom) -> dict[str, Any]:
    """Show the mail as `recipient` (an id or an address), by default the first of the audience, will get it."""
    return _seen(preview(campaign_id, query.recipient or None))


@noun.post("/preview/", body=Look, gives=Preview)
def look_at_unsaved(campaign_id: int, body: Look) -> dict[str, Any]:
    """Show a text that is not saved; nothing is changed."""
    return _seen(preview(campaign_id, body.recipient, _draft(campaign_id, body)))


@noun.get("/extremes/", gives=Extremes)
def list_extremes(campaign_id: int) -> dict[str, Any]:
    """Name the people whose mails break first."""
    return {what: facts_of(each, AudienceMember) for what, each in extremes(campaign_id).items()}


@noun.post("/test/", body=TrialOrder, gives=TrialMails, status=202)
def test(campaign_id: int, body: TrialOrder) -> dict[str, Any]:
    """Send it to a few addresses for trial, marked, outside the statistics."""
    draft = _draft(campaign_id, body)
    sent = send_test(campaign_id, body.to, as_recipient=body.recipient, draft=draft, actor=actor())
    return {"deliveries": [facts_of(each, TrialMail) for each in sent]}


def _draft(campaign_id: int, words: Look) -> CampaignDraft | None:
    """Return the saved text with what the call says of it, none where it says nothing."""
    if words.draft is None:
        return None
    saved = drafts.draft_of(monitor.campaign(campaign_id))
    return drafts.check(read_draft(words.draft, saved))


def _seen(seen: Seen) -> dict[str, Any]:
    return {
        "address": seen.person.address,
        "name": seen.person.recipient_name,
        "made_up": seen.is_made_up,
        "locale": seen.letter_locale,
        "from": seen.sender,
        "subject": seen.subject,
        "text": seen.text,
        "html": seen.html,
        "headers": dict(seen.reading.headers),
        "bytes": seen.size,
        "fields": seen.fields,
        "empty_fields": seen.empty,
        "enclosures": seen.enclosures,
    }
