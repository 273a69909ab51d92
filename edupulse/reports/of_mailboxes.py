"""The messages that were received in a period, by what they are, and which of them need a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, text

from edupulse.database import db
from edupulse.mailboxes.models import KINDS, InboundMessage
from edupulse.reports.counting import count, counts, within

# Written out as in the partial indexes: a bound value in its place, and SQLite would read all messages.
_TO_LOOK_AT = text("inbound_message.attention")
_TO_DO = text("inbound_message.state IN ('stored', 'quarantined')")
_QUARANTINED = text("inbound_message.state = 'quarantined'")


def collect(begin: datetime, end: datetime) -> dict[str, int | float]:
    """Return the messages received in the period; one that is not read yet is of no kind."""
    period = (InboundMessage.stored_at, begin, end)
    return {
        "received": count(*period),
        **_kinds(begin, end),
        "attention": count(*period, _TO_LOOK_AT),
        "quarantined": count(*period, _TO_DO, _QUARANTINED),
    }


def series(edges: Sequence[datetime]) -> list[int]:
    """Return how many messages were received in each part."""
    return counts(InboundMessage.stored_at, edges)


def _kinds(begin: datetime, end: datetime) -> dict[str, int]:
    counted = (
        select(InboundMessage.kind, func.count())
        .where(InboundMessage.kind.in_(KINDS), *within(InboundMessage.stored_at, begin, end))
        .group_by(InboundMessage.kind)
    )
    found = {row[0]: row[1] for row in db.session.execute(counted)}
    return {kind: found.get(kind, 0) for kind in KINDS}
