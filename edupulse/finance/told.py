"""What some bills' persons were told already: the stages that are over, and those that may still be sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from edupulse.finance import reasons
from edupulse.finance.models import BillReminder
from edupulse.mail.models import Delivery

# Left out for what may have ceased, or its mail was called off for it; one in hand may leave yet.
_IS_TAKEN_BACK = or_(
    and_(BillReminder.state == "skipped", BillReminder.reason.in_(reasons.TAKEN_BACK)),
    and_(
        BillReminder.state == "handed_over",
        Delivery.state == "cancelled",
        Delivery.claim.is_(None),
        Delivery.reason.in_(reasons.TAKEN_BACK),
    ),
)


@dataclass(frozen=True)
class Told:
    """What is known of a bill's reminders: the stages of its due date that were dealt with, the last one by hand.

    `again` are stages, with the ids of their rows, that were taken back before they left: they may still be sent.
    """

    days: frozenset[int] = frozenset()
    again: Mapping[int, int] = field(default_factory=dict)
    by_hand_at: datetime | None = None


def told_of(session: Session, bills: Sequence[Any]) -> Mapping[int, Told]:
    """Return what is known of the reminders of each bill for its present due date."""
    due_on = {bill.id: bill.due_on for bill in bills}
    facts = (
        BillReminder.id,
        BillReminder.bill_id,
        BillReminder.due_on,
        BillReminder.days,
        BillReminder.by_hand,
    )
    query = select(*facts, BillReminder.created_at, _IS_TAKEN_BACK.label("is_taken_back"))
    of_these = query.outerjoin(Delivery, Delivery.id == BillReminder.delivery_id).where(
        BillReminder.bill_id.in_(due_on)
    )
    days: defaultdict[int, set[int]] = defaultdict(set)
    again: defaultdict[int, dict[int, int]] = defaultdict(dict)
    by_hand: dict[int, datetime] = {}
    for row in session.execute(of_these.order_by(BillReminder.id)) if bills else ():
        if row.by_hand:
            by_hand[row.bill_id] = row.created_at
        elif row.due_on == due_on[row.bill_id]:
            if row.is_taken_back:
                again[row.bill_id][row.days] = row.id
            else:
                days[row.bill_id].add(row.days)
    return {id: Told(frozenset(days[id]), again[id], by_hand.get(id)) for id in due_on}
