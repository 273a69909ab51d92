"""Whether everyone due has been told is derived from what became of each mail, and kept in `notification_sent`.

It is about the occurrence whose reminders were due last, at its present start. True when at least one person
was told and none waits, was refused or missed; who must not or need not get mail does not count. A change of
time or place makes what was said before it count no more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select, tuple_, update
from sqlalchemy.orm import Session

from edupulse.mail.models import Delivery
from edupulse.reminders.models import HANDED_OVER, Event, Reminder
from edupulse.reminders.plan import GRACE
from edupulse.transaction import transaction

EVENTS_AT_ONCE = 300  # in one query
TELLING = ("reminder", "manual", "correction")  # kinds of mail that say when and where
SETTLED = ("sent", "suppressed", "bounced")  # nothing changes the state of such a mail in our favour any more
NEED_NOT_KNOW = ("suppressed", None)  # of a mail; none: it is kept no more
STILL_UNTOLD = ("planned", "missed", "failed")  # of a reminder that is due


def refresh(now: datetime, event_ids: Iterable[int] = ()) -> None:
    """Bring `notification_sent` up to date for these events and those whose mails were not settled before."""
    with transaction() as session:
        rows = session.execute(_unsettled()).all()
        recompute(session, {*event_ids, *(row.event_id for row in rows)}, now)
        done = [row.id for row in rows if row.state in SETTLED or row.ends_at < now - GRACE]
        for some in _portions(done):
            session.execute(update(Reminder).where(Reminder.id.in_(some)).values(settled_at=now))


def recompute(session: Session, event_ids: Iterable[int], now: datetime) -> None:
    """Derive `notification_sent` of these events anew: a few queries for all of them."""
    for some in _portions(sorted(event_ids)):
        told = _told_events(session, some, now)
        # In the order of their ids, so that two checks never wait for each other in a circle.
        known = select(Event.id, Event.notification_sent).where(Event.id.in_(some)).order_by(Event.id)
        wrong = [
            row.id
            for row in session.execute(known.with_for_update(key_share=True))
            if row[1] != (row.id in told)
        ]
        for value in (True, False):
            ids = [id for id in wrong if (id in told) == value]
            session.execute(update(Event).where(Event.id.in_(ids)).values(notification_sent=value))


def everyone_told(outcomes: Iterable[tuple[str, str, str | None]]) -> bool:
    """Say whether everyone due has been told; an outcome is (address, state of reminder, state of its mail)."""
    by_person = defaultdict(set)
    for address, state, delivery_state in outcomes:
        by_person[address].add(_counts_as(state, delivery_state))
    counted = [("told" in each, "untold" in each) for each in by_person.values()]
    return any(told for told, _ in counted) and all(told or not untold for told, untold in counted)


def _counts_as(state: str, delivery_state: str | None) -> str:
    if state == "handed_over":
        return (
            "told" if delivery_state == "sent" else "excused" if delivery_state in NEED_NOT_KNOW else "untold"
        )
    return "untold" if state in STILL_UNTOLD else "excused"


def _unsettled() -> Any:
    columns = (Reminder.id, Reminder.event_id, Reminder.ends_at, Delivery.state)
    mails = select(*columns).outerjoin(Delivery, Delivery.id == Reminder.delivery_id)
    return mails.where(Reminder.state == HANDED_OVER, Reminder.settled_at.is_(None))


def _told_events(session: Session, event_ids: Sequence[int], now: datetime) -> set[int]:
    pairs = session.execute(_last_starts(event_ids, now)).all()
    rows = (
        select(Reminder.event_id, Reminder.address, Reminder.state, Delivery.state)
        .outerjoin(Delivery, Delivery.id == Reminder.delivery_id)
        .where(tuple_(Reminder.event_id, Reminder.starts_at).in_([(id, at) for id, at in pairs if at]))
        .where(*_counting(now))
    )
    outcomes = defaultdict(list)
    for event_id, address, state, delivery_state in session.execute(rows):
        outcomes[event_id].append((address, state, delivery_state))
    return {event_id for event_id, each in outcomes.items() if everyone_told(each)}


def _last_starts(event_ids: Sequence[int], now: datetime) -> Any:
    """Return the query for the start of each event whose reminders were due last, read from the newest on."""
    last = select(Reminder.starts_at).where(Reminder.event_id == Event.id, *_counting(now))
    newest = last.order_by(Reminder.starts_at.desc()).limit(1).correlate(Event).scalar_subquery()
    return select(Event.id, newest).where(Event.id.in_(event_ids))


def _counting(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Reminder.kind.in_(TELLING),
        Reminder.due_at <= now,
        Reminder.state != "cancelled",
        # What was handed over and has a reason is what a later change made untrue.
        (Reminder.state != "handed_over") | Reminder.reason.is_(None),
    )


def _portions(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + EVENTS_AT_ONCE] for start in range(0, len(ids), EVENTS_AT_ONCE))
