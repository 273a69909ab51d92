"""A campaign that is under way looks again at where its audience came from, for those who joined since."""

from __future__ import annotations

from sqlalchemy import select

from edupulse.campaigns.models import Intake
from edupulse.campaigns.people.entries import Entry, Rejected, entry_or_reason
from edupulse.campaigns.people.intake import store
from edupulse.campaigns.rows import locked
from edupulse.database import db
from edupulse.errors import Conflict, NotFound
from edupulse.logs import get_logger
from edupulse.mail.people import source_of
from edupulse.transaction import transaction

log = get_logger(__name__)


def take_joined(campaign_id: int, *, actor: str) -> int:
    """Add who is new in the sources of a frozen campaign to its audience, and return how many that are.

    Nobody who is in it is changed, for their mail is written already. Files and pasted lines have nothing new.
    Raises NotFound, and Conflict for a campaign whose audience is not frozen yet.
    """
    found = {source: _people_in(source) for source in _sources(campaign_id)}
    added = 0
    with transaction() as session:
        campaign = locked(session, campaign_id)
        if campaign.frozen_at is None:
            cure = "Take the people in as usual: it is still a draft."
            raise Conflict(f"“{campaign.name}” was not sent yet.", cure=cure, campaign_id=campaign_id)
        for source, (title, entries) in found.items():
            intake = Intake(source=source, title=title, facts={"joined": True}, actor=actor)
            added += store(session, campaign, intake, entries, completes=False).added
    return added


def _sources(campaign_id: int) -> list[str]:
    taken = select(Intake.source).where(Intake.campaign_id == campaign_id, Intake.source.contains(":"))
    return list(dict.fromkeys(db.session.scalars(taken.order_by(Intake.id))))


def _people_in(source: str) -> tuple[str, list[Entry | Rejected]]:
    key, _, value = source.partition(":")
    try:
        known = source_of(key)
        title, people = known.label(value), list(known.people(value))
    except NotFound:
        log.info("a source of an audience is gone", source=source)
        return source, []
    return title[:300], [
        entry_or_reason(person, number, person.address) for number, person in enumerate(people, start=1)
    ]
