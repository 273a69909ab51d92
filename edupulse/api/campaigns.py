"""`/campaigns`: listed, made, shown, changed, deleted, duplicated."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Response

from edupulse.api.answers import answer, page_answer
from edupulse.api.enclosures import facts_of_file
from edupulse.api.gate import actor
from edupulse.api.noun import Noun
from edupulse.api.words import asked, checked, moment, page_wanted, said
from edupulse.campaigns import drafts, monitor
from edupulse.campaigns.audience import count, field_names
from edupulse.campaigns.drafts import CampaignDraft
from edupulse.campaigns.models import Campaign
from edupulse.campaigns.monitor import Listed
from edupulse.errors import Invalid
from edupulse.mail.letters import LetterText

noun = Noun("campaigns", __name__, url_prefix="/campaigns")

DRAFT: dict[str, type] = {
    "name": str, "subject": str, "text": str, "html": str, "letters": dict, "purpose": str, "from_name": str,
    "reply_to": str, "default_locale": str, "resend_unknown": bool, "patience_hours": int, "scheduled_at": str,
}  # fmt: skip
LETTER: dict[str, type] = {"subject": str, "text": str, "html": str}


@noun.get("/")
def list_campaigns() -> Response:
    """List campaigns, newest first; `state` narrows it."""
    return page_answer(monitor.listing(asked("state"), **page_wanted()), _listed)


@noun.post("/")
def create() -> Response:
    """Store a new draft."""
    campaign = drafts.create(read_draft(said(**DRAFT), CampaignDraft()), actor=actor())
    return answer(facts_of(campaign), 201)


@noun.get("/<int:campaign_id>/")
def show(campaign_id: int) -> Response:
    """Show one campaign with its texts."""
    return answer(facts_of(monitor.campaign(campaign_id)))


@noun.patch("/<int:campaign_id>/")
def change(campaign_id: int) -> Response:
    """Change what is named of a draft; `revision` refuses it if somebody else was faster."""
    words = said(**DRAFT, revision=int)
    revision = words.pop("revision", None)
    draft = read_draft(words, drafts.draft_of(monitor.campaign(campaign_id)))
    return answer(facts_of(drafts.change(campaign_id, draft, actor=actor(), revision=revision)))


@noun.delete("/<int:campaign_id>/")
def delete(campaign_id: int) -> Response:
    """Throw a draft away."""
    drafts.delete(campaign_id, actor=actor())
    return answer({"deleted": campaign_id})


@noun.post("/<int:campaign_id>/duplicate/")
def duplicate(campaign_id: int) -> Response:
    """Make a new draft that says the same."""
    with_people = bool(said(with_recipients=bool).get("with_recipients"))
    campaign = drafts.duplicate(campaign_id, actor=actor(), with_recipients=with_people)
    return answer(facts_of(campaign), 201)


def read_draft(words: dict[str, Any], before: CampaignDraft) -> CampaignDraft:
    """Return `before` with what the call says; raises Invalid naming the field."""
    values = dict(words)
    if "letters" in values:
        values["letters"] = {locale: _letter(locale, letter) for locale, letter in values["letters"].items()}
    if "scheduled_at" in values:
        values["scheduled_at"] = moment(values["scheduled_at"], "scheduled_at")
    return replace(before, **values)


def facts_of(campaign: Campaign) -> dict[str, Any]:
    """Return what is known of a campaign; times in UTC."""
    draft, mailing = drafts.draft_of(campaign), campaign.mailing
    letters = {
        locale: {"subject": each.subject, "text": each.text, "html": each.html}
        for locale, each in draft.letters.items()
    }
    entered = {name: getattr(draft, name) for name in DRAFT}
    return {
        "id": campaign.id,
        "state": campaign.state,
        **entered,
        "letters": letters,
        "revision": campaign.revision,
        "recipients": count(campaign.id),
        "fields": field_names(campaign.id),
        "enclosures": [facts_of_file(each) for each in mailing.enclosures],
        "question": campaign.question,
        **_times(campaign),
    }


def _listed(listed: Listed) -> dict[str, Any]:
    campaign = listed.campaign
    return {
        "id": campaign.id,
        "name": campaign.name,
        "state": campaign.state,
        "recipients": listed.total,
        "counts": listed.counts,
        "scheduled_at": campaign.scheduled_at,
        **_times(campaign),
    }


def _times(campaign: Campaign) -> dict[str, Any]:
    names = ("launched_at", "frozen_at", "finished_at", "created_by", "created_at", "updated_at")
    return {name: getattr(campaign, name) for name in names}


def _letter(locale: str, letter: object) -> LetterText:
    if not isinstance(letter, dict):
        raise Invalid(f"“letters.{locale[:20]}” must be an object.", field="letters")
    return LetterText(locale=locale, **{"subject": "", **checked(letter, LETTER, f"letters.{locale[:20]}.")})
