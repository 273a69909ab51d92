"""Campaigns for the pages: a draft with a text, its people, and one whose mails stand in given states."""

from __future__ import annotations

from itertools import repeat
from typing import Any

from sqlalchemy import select

from edupulse.campaigns import audience, drafts, launch
from edupulse.campaigns.drafts import CampaignDraft
from edupulse.campaigns.models import Campaign
from edupulse.clock import now
from edupulse.database import db
from edupulse.mail import mailings
from edupulse.mail.letters import LetterText
from edupulse.mail.mailing import Mailing
from edupulse.mail.models import Delivery
from edupulse.transaction import transaction

ZH = LetterText("{{ name }}，秋季展览", "亲爱的 {{ name }}：\n\n您的班级 {{ class }} 周五展出。\n", "", "zh")


def a_draft(name: str = "Autumn exhibition", **values: Any) -> Campaign:
    """Store a draft in English and Chinese that asks for a class."""
    facts: dict[str, Any] = {
        "name": name,
        "subject": "{{ name }}, come and see",
        "text": "Dear {{ name }},\n\nclass {{ class }} shows its work.\n",
        "html": "<p>Dear <b>{{ name }}</b>, class {{ class }} shows its work.</p>",
        "letters": {"zh": ZH},
    }
    return drafts.create(CampaignDraft(**{**facts, **values}), actor="test")


def with_people(campaign: Campaign, count: int = 3) -> Campaign:
    """Give a draft so many people: p0@school.example and so on, every second one Chinese."""
    rows = [f"p{n}@school.example,Person {n:03},A{n},{'zh' if n % 2 else 'en'}" for n in range(count)]
    table = "\n".join(["email,name,class,language", *rows]).encode()
    audience.take_in(campaign.id, audience.read_table(table, "pupils.csv"), actor="test")
    return campaign


def a_running(states: dict[str, int], **mailing: Any) -> Campaign:
    """Store a campaign that has started, so many of its mails in each state."""
    campaign = with_people(a_draft(), sum(states.values()))
    with transaction() as session:
        row = session.get_one(Campaign, campaign.id)
        row.stored_state, row.launched_at = "running", now()
    launch.freeze(campaign.id)
    wanted = [state for state, count in states.items() for state in repeat(state, count)]
    with transaction() as session:
        own = session.scalars(
            select(Delivery).where(Delivery.mailing_id == campaign.mailing_id).order_by(Delivery.id)
        )
        for delivery, state in zip(own, wanted, strict=True):
            delivery.state = state
            delivery.sent_at = now() if state == "sent" else None
        kept = session.get_one(Mailing, campaign.mailing_id)
        for name, value in mailing.items():
            setattr(kept, name, value)
    return campaign


def finish(campaign: Campaign) -> None:
    """Let a campaign end whose mails are all settled."""
    from edupulse.campaigns.settling import settle

    settle(campaign.id)


def counts(campaign: Campaign) -> dict[str, int]:
    """Return how many mails stand in each state that has any."""
    return {state: count for state, count in mailings.counts(campaign.mailing_id).items() if count}


def state_of(campaign: Campaign) -> str:
    """Return the state as people see it, read anew."""
    db.session.expire_all()
    return db.session.get_one(Campaign, campaign.id).state
