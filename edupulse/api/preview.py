"""`/campaigns/<id>/preflight`, `preview` and `test`: a campaign is looked at before anybody gets it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response

from edupulse.api.answers import answer
from edupulse.api.campaigns import DRAFT, read_draft
from edupulse.api.gate import actor, needs
from edupulse.api.noun import Noun
from edupulse.api.words import asked, checked, said
from edupulse.campaigns import drafts, monitor
from edupulse.campaigns.drafts import CampaignDraft
from edupulse.campaigns.preflight import preflight
from edupulse.campaigns.preview import Preview, extremes, preview, send_test
from edupulse.errors import Invalid
from edupulse.mail.models import Delivery

noun = Noun("preview", __name__, url_prefix="/campaigns/<int:campaign_id>")


@noun.get("/preflight/")
def inspect(campaign_id: int) -> Response:
    """Try everything that can be tried without sending."""
    report = preflight(campaign_id)
    return answer({
        "ready": report.is_ready,
        "recipients": report.recipients,
        "bytes_largest": report.bytes_largest,
        "eta_seconds": report.eta,
        "binding": report.binding,
        "binding_words": report.words,
        "plan_by_day": report.plan_by_day,
        "findings": [asdict(finding) for finding in report.findings],
    })  # fmt: skip


@noun.get("/preview/")
def look(campaign_id: int) -> Response:
    """Show the mail as `recipient` (an id or an address), by default the first of the audience, will get it."""
    return answer(_seen(preview(campaign_id, asked("recipient") or None)))


@noun.post("/preview/")
@needs("viewer")
def look_at_unsaved(campaign_id: int) -> Response:
    """Show a text that is not saved; nothing is changed."""
    words = said(recipient=(int, str), draft=dict)
    return answer(_seen(preview(campaign_id, words.get("recipient"), _draft(campaign_id, words))))


@noun.get("/extremes/")
def list_extremes(campaign_id: int) -> Response:
    """Name the people whose mails break first."""
    return answer(
        {what: {"id": each.id, "address": each.address} for what, each in extremes(campaign_id).items()}
    )


@noun.post("/test/")
def test(campaign_id: int) -> Response:
    """Send it to a few addresses for trial, marked, outside the statistics."""
    words = said(to=list, recipient=(int, str), draft=dict)
    to = words.get("to", [])
    if not all(isinstance(each, str) for each in to):
        raise Invalid("“to” must be a list of addresses.", field="to")
    draft = _draft(campaign_id, words)
    sent = send_test(campaign_id, to, as_recipient=words.get("recipient"), draft=draft, actor=actor())
    return answer({"deliveries": [_accepted(each) for each in sent]}, 202)


def _draft(campaign_id: int, words: dict[str, Any]) -> CampaignDraft | None:
    """Return the saved text with what the call says of it, none where it says nothing."""
    if "draft" not in words:
        return None
    saved = drafts.draft_of(monitor.campaign(campaign_id))
    return drafts.check(read_draft(checked(words["draft"], DRAFT, "draft."), saved))


def _seen(seen: Preview) -> dict[str, Any]:
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


def _accepted(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "address": delivery.address,
        "subject": delivery.subject,
        "state": delivery.state,
    }
