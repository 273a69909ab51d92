"""Small scenes for tests of campaigns: one with an audience, one that runs, what the ledger says of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import insert, select, update

from edupulse.accounts.audit import entries_of
from edupulse.campaigns import drafts, launch, lifecycle
from edupulse.campaigns.drafts import CampaignDraft
from edupulse.campaigns.models import Campaign, Intake, Recipient
from edupulse.clock import now
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.mail.letters import LetterText
from edupulse.mail.models import Attempt, Delivery, Suppression
from edupulse.transaction import transaction

ADA = "ada@school.example"
IN_CHINESE = LetterText("夏季课程", "{{ name }}，您好！\n", "", "zh")
USUAL = CampaignDraft(
    name="Summer courses",
    subject="Summer courses for {{ name }}",
    text="Dear {{ name }},\n\nthe summer courses begin in July.\n",
    reply_to="office@school.example",
)
# A server that nobody calls: nothing here sends, unless a test names a double.
READY = {
    "smtp_server": "mail.school.example",
    "smtp_security": "none",
    "default_from_email": "Art School <office@school.example>",
    "base_url": "https://edupulse.school.example",
}


def draft(**changes: Any) -> CampaignDraft:
    """Return what is usually entered, with changes."""
    return replace(USUAL, **changes)


def a_campaign(people: int = 3, *, locales: Sequence[str] = ("",), **changes: Any) -> Campaign:
    """Store a draft with an audience: p0@school.example and so on, in turn of these languages."""
    campaign = drafts.create(draft(**changes), actor=ADA)
    add_people(campaign, people, locales=locales)
    return campaign


def add_people(campaign: Campaign, count: int, *, first: int = 0, locales: Sequence[str] = ("",)) -> None:
    """Add people to an audience as an intake does."""
    with transaction() as session:
        intake = Intake(
            campaign_id=campaign.id, source="csv", title="people.csv", read=count, added=count, actor=ADA,
            created_at=now(),
        )  # fmt: skip
        session.add(intake)
        session.flush()
        rows = [
            {
                "campaign_id": campaign.id, "intake_id": intake.id, "name": f"Person {number}",
                "address": f"p{number}@school.example", "comparable": f"p{number}@school.example",
                "locale": locales[number % len(locales)], "fields": {"number": str(number), "班级": "三年级"},
            }
            for number in range(first, first + count)
        ]  # fmt: skip
        if rows:
            session.execute(insert(Recipient), rows)


def under_way(people: int = 3, **changes: Any) -> Campaign:
    """Store a campaign that was started and frozen; its mails wait."""
    campaign = a_campaign(people, **changes)
    lifecycle.start(campaign.id, actor=ADA)
    launch.freeze(campaign.id)
    return reread(campaign)


def over(people: int = 3, **changes: Any) -> Campaign:
    """Store a campaign of which every mail was sent."""
    campaign = under_way(people, **changes)
    put(campaign, state="sent")
    lifecycle.settle(campaign.id)
    return reread(campaign)


def reread(campaign: Campaign) -> Campaign:
    """Return the campaign as the database has it now."""
    db.session.commit()
    return db.session.get_one(Campaign, campaign.id, populate_existing=True)


def mails(campaign: Campaign) -> list[Delivery]:
    """Return its deliveries in the order of the audience."""
    db.session.commit()
    wanted = select(Delivery).where(Delivery.mailing_id == campaign.mailing_id).order_by(Delivery.id)
    return list(db.session.scalars(wanted.execution_options(populate_existing=True)))


def mail_to(campaign: Campaign, number: int) -> Delivery:
    """Return the delivery to the person of that number."""
    return next(mail for mail in mails(campaign) if mail.address == f"p{number}@school.example")


def states(campaign: Campaign) -> dict[str, int]:
    """Return how many of its mails are in each state, without zeros."""
    found = [mail.state for mail in mails(campaign)]
    return {state: found.count(state) for state in sorted(set(found))}


def put(campaign: Campaign, number: int | None = None, **values: Any) -> None:
    """Write values into its deliveries, or into the one to the person of that number."""
    change = update(Delivery).where(Delivery.mailing_id == campaign.mailing_id)
    if number is not None:
        change = change.where(Delivery.address == f"p{number}@school.example")
    db.session.execute(change.values(**values))
    db.session.commit()


def tried(mail: Delivery, verdict: str, cause: str = "", phase: str = "rcpt") -> None:
    """Write that a mail was tried now."""
    db.session.add(
        Attempt(
            delivery_id=mail.id, at=now(), ms=10, server="mail.school.example:587", phase=phase,
            verdict=verdict, cause=cause,
        )
    )  # fmt: skip
    db.session.commit()


def suppress(number: int, scope: str = "all") -> None:
    """Close the address of a person."""
    with transaction() as session:
        row = {"address": f"p{number}@school.example", "scope": scope, "reason": "Moved away."}
        session.execute(insert(Suppression), [{**row, "source": "test", "created_at": now()}])


def runs(name: str) -> list[JobRun]:
    """Return the runs of a job that still wait."""
    db.session.commit()
    wanted = select(JobRun).where(JobRun.name == name, JobRun.state.in_(("queued", "deferred")))
    return list(db.session.scalars(wanted.order_by(JobRun.created_at)))


def end_all_runs() -> None:
    """Let every job that was asked for be over."""
    db.session.execute(update(JobRun).values(state="finished"))
    db.session.commit()


def acts(campaign: Campaign) -> list[str]:
    """Return what was done to a campaign, oldest first."""
    db.session.commit()
    return [entry.action for entry in reversed(entries_of(f"campaign:{campaign.id}"))]


ChangeSettings = Callable[..., None]
