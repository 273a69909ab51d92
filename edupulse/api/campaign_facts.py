"""What programs are told about a campaign: in a list, and in full."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from edupulse.api.answers import facts_of
from edupulse.api.schema import Shown
from edupulse.campaigns import drafts
from edupulse.campaigns.audience import count, field_names
from edupulse.campaigns.models import Campaign as CampaignRow
from edupulse.campaigns.monitor import Listed


class Letter(Shown):
    """What the mail says in one language."""

    subject: str
    text: str
    html: str


class Enclosure(Shown):
    """A file that goes with every mail; its size in bytes."""

    id: int
    filename: str
    content_type: str
    size: int


class CampaignCourse(Shown):
    """When what happened to a campaign."""

    launched_at: datetime | None
    frozen_at: datetime | None
    finished_at: datetime | None
    created_by: str
    created_at: datetime
    updated_at: datetime


class EnteredCampaign(Shown):
    """What a person entered about a campaign."""

    name: str
    subject: str
    text: str
    html: str
    letters: dict[str, Letter]
    purpose: str
    from_name: str
    reply_to: str
    default_locale: str
    resend_unknown: bool
    patience_hours: int
    scheduled_at: datetime | None


class Campaign(CampaignCourse, EnteredCampaign):
    """A campaign with its texts; `fields` are what its letters may ask for, `question` waits for an answer."""

    id: int
    state: str
    revision: int
    recipients: int
    fields: list[str]
    enclosures: list[Enclosure]
    question: str | None


class CampaignInBrief(CampaignCourse):
    """A campaign in a list: its recipients, and its mails by state."""

    id: int
    name: str
    state: str
    recipients: int
    counts: dict[str, int]
    scheduled_at: datetime | None


def facts_of_campaign(campaign: CampaignRow) -> dict[str, Any]:
    """Return what is known of a campaign."""
    draft = drafts.draft_of(campaign)
    letters = {locale: facts_of(letter, Letter) for locale, letter in draft.letters.items()}
    return {
        "id": campaign.id,
        "state": campaign.state,
        **facts_of(draft, EnteredCampaign),
        "letters": letters,
        "revision": campaign.revision,
        "recipients": count(campaign.id),
        "fields": field_names(campaign.id),
        "enclosures": [facts_of(each, Enclosure) for each in campaign.mailing.enclosures],
        "question": campaign.question,
        **facts_of(campaign, CampaignCourse),
    }


def brief_facts(listed: Listed) -> dict[str, Any]:
    """Return what a list says of a campaign."""
    campaign = listed.campaign
    return {
        "id": campaign.id,
        "name": campaign.name,
        "state": campaign.state,
        "recipients": listed.total,
        "counts": listed.counts,
        "scheduled_at": campaign.scheduled_at,
        **facts_of(campaign, CampaignCourse),
    }
