"""The campaigns that were launched in a period, and what has become of their mails by now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from edupulse.campaigns.models import Campaign
from edupulse.counting import counts, within
from edupulse.database import db
from edupulse.mail.models import OPEN_STATES, Delivery

FAILED = ("rejected", "bounced", "unknown")
ASKED_AT_ONCE = 500  # mailings in one query


def collect(begin: datetime, end: datetime) -> dict[str, int | float]:
    """Return how many campaigns were launched in the period, and where all their mails stand."""
    launched = within(Campaign.launched_at, begin, end)
    mailings = list(db.session.scalars(select(Campaign.mailing_id).where(*launched)))
    found = _states(mailings)
    return {
        "launched": len(mailings),
        "mails": found.total(),
        "sent": found["sent"],
        "open": sum(found[state] for state in OPEN_STATES),
        "failed": sum(found[state] for state in FAILED),
    }


def series(edges: Sequence[datetime]) -> list[int]:
    """Return how many campaigns were launched in each part."""
    return counts(Campaign.launched_at, edges)


def _states(mailings: Sequence[int]) -> Counter[str]:
    found: Counter[str] = Counter()
    for at in range(0, len(mailings), ASKED_AT_ONCE):
        counted = (
            select(Delivery.state, func.count())
            .where(Delivery.mailing_id.in_(mailings[at : at + ASKED_AT_ONCE]))
            .group_by(Delivery.state)
        )
        for state, number in db.session.execute(counted):
            found[state] += number
    return found
