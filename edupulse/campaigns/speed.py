"""How fast the account may send now, and how fast a mailing truly goes: a few cheap questions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from edupulse.config import current_settings
from edupulse.control.monitor import Service, live_processes, workers_service
from edupulse.database import db
from edupulse.mail.limits import Limits, limits_of
from edupulse.mail.mailing import Mailing
from edupulse.mail.mailings import QUEUE
from edupulse.mail.models import OPEN_STATES, Attempt, Delivery
from edupulse.mail.providers import Provider
from edupulse.mail.senders import provider
from edupulse.mail.spent import NEVER_ARRIVED

DAY = timedelta(hours=24)  # providers count any 24 hours, not from midnight
LAST_MINUTE = timedelta(seconds=60)
LOOKED_AT = 1_000  # of the newest attempts: the last minute, or less where more than that went in a minute
SHORTEST_SPAN = 1.0  # seconds: outcomes are written by the batch, so that a shorter span says nothing


@dataclass(frozen=True)
class Way:
    """The way out for mail: the provider's profile, and the limits that hold by it and by the settings."""

    provider: Provider
    limits: Limits


def way_out() -> Way:
    """Return the provider and limits by the present settings, whether or not a server is set."""
    way = provider()
    return Way(way, limits_of(way, current_settings()))


def nobody_sends(moment: datetime) -> Service | None:
    """Return what is wrong with the workers when none of them sends mail, None while one does."""
    alive = (each for each in live_processes(moment) if each.kind == "worker")
    return None if any(QUEUE in each.queues for each in alive) else workers_service(moment)


def used_today(way: Way, sender_id: int, moment: datetime) -> int:
    """Return how many mails count against the day's allowance; where there is none, nobody asks.

    The newest attempts are enough, as many as the allowance has: with all of them in the last day it is used up.
    """
    if way.limits.per_day is None:
        return 0
    newest = (
        select(Attempt.at)
        .join(Delivery, Delivery.id == Attempt.delivery_id)
        .where(Delivery.sender_id == sender_id, Attempt.phase.not_in(NEVER_ARRIVED))
        .order_by(Attempt.id.desc())
        .limit(way.limits.per_day)
        .subquery()
    )
    counted = select(func.count()).select_from(newest).where(newest.c.at > moment - DAY)
    return db.session.scalar(counted) or 0


def rate(mailing_id: int, moment: datetime) -> float:
    """Return how many mails of the mailing were settled a second, over the last minute or since it was let go.

    Lookups by primary key whatever the size of the ledger: the mailing, the newest attempts, and their deliveries.
    """
    opened_at = db.session.scalar(select(Mailing.opened_at).where(Mailing.id == mailing_id))
    since = max(moment - LAST_MINUTE, opened_at or moment)
    newest = select(Attempt.at, Attempt.delivery_id).order_by(Attempt.id.desc()).limit(LOOKED_AT).subquery()
    looked_at, oldest = db.session.execute(select(func.count(), func.min(newest.c.at))).one()
    if not looked_at:
        return 0.0
    settled = (
        select(func.count(newest.c.delivery_id.distinct()))
        .join(Delivery, Delivery.id == newest.c.delivery_id)
        .where(
            Delivery.mailing_id == mailing_id,
            Delivery.state.not_in(OPEN_STATES),
            newest.c.at >= since,
        )
    )
    count = db.session.scalar(settled) or 0
    seen_from = max(since, oldest) if looked_at == LOOKED_AT else since
    return count / max(SHORTEST_SPAN, (moment - seen_from).total_seconds())
