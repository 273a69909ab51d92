"""One event's reminder is sent by hand: everyone who may be reminded gets it for the next occurrence, once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from edupulse.accounts.audit import record
from edupulse.clock import now
from edupulse.errors import Conflict
from edupulse.mail.compose import Mail
from edupulse.mail.models import Delivery
from edupulse.mail.once import insert_once
from edupulse.reminders.compose import compose
from edupulse.reminders.due import post
from edupulse.reminders.models import Event, Reminder
from edupulse.reminders.plan import Occurrence, deadline, occurrences
from edupulse.reminders.reasons import SENTENCES
from edupulse.reminders.revise import RECENTLY
from edupulse.reminders.rows import NOT_TOLD
from edupulse.reminders.saving import locked
from edupulse.reminders.snapshot import Snapshot, snapshot
from edupulse.transaction import transaction

FAR = timedelta(days=400)  # the next occurrence of a series is looked for this far ahead


def send_now(event_id: int, actor: str, *, again: bool = False) -> list[Delivery]:
    """Hand over the next occurrence's reminder to everyone who may be reminded; return their deliveries.

    Who got it by hand for this occurrence already is in the list, but not written to again, unless `again`;
    even then once a minute. A planned reminder that would follow within minutes is left out. The mails go the
    usual way: wait for the states of the deliveries, or send them here and now with `mail.deliver.deliver`.
    Raises NotFound, and Conflict with a cure when the event does not qualify or nobody can be reminded.
    """
    moment = now()
    with transaction() as session:
        event = locked(session, event_id)
        standing = snapshot(event)
        occurrence = _next(event, standing, moment)
        addresses = _reachable(event, standing)
        told = set() if again else _told_by_hand(session, event, occurrence)
        fresh = _insert(
            session, event, standing, occurrence, [each for each in addresses if each not in told], moment
        )
        post(session, [(each, _composed(each, event, standing, moment)) for each in fresh])
        _leave_out_planned(session, event, occurrence, [each.address for each in fresh], moment)
        record(
            actor,
            "event.remind",
            f"event:{event.id}",
            occurrence=occurrence.original,
            mails=len(fresh),
            again=again,
        )
        return _deliveries(session, event, occurrence)


def _next(event: Event, standing: Snapshot, moment: datetime) -> Occurrence:
    if event.is_cancelled:
        raise Conflict("The event is cancelled.", cure="Restore it first.", event_id=event.id)
    if not event.email_reminder:
        raise Conflict(
            "Reminders are turned off for the event.", cure="Turn them on first.", event_id=event.id
        )
    for each in occurrences(standing.facts, moment, moment + FAR):
        if deadline(each.starts_at, event.timezone, event.all_day) > moment:
            return each
    raise Conflict("The event is over.", cure="Give it a new date first.", event_id=event.id)


def _reachable(event: Event, standing: Snapshot) -> list[str]:
    """Return the addresses of those who may be reminded; raise Conflict, saying why, if there are none."""
    found = [address for address, person in standing.people.items() if person.obstacle is None]
    if found:
        return found
    codes = {person.obstacle for person in standing.people.values() if person.obstacle}
    codes |= {"no_address"} if any(not each.address for each in event.attendees) else set()
    why = " ".join(SENTENCES[code] for code in sorted(codes)) or "It has no attendees."
    raise Conflict(
        f"Nobody of this event can be reminded. {why}", cure="Look at its people.", event_id=event.id
    )


def _by_hand(event: Event, occurrence: Occurrence) -> tuple[Any, ...]:
    return (
        Reminder.event_id == event.id,
        Reminder.starts_at == occurrence.starts_at,
        Reminder.kind == "manual",
    )


def _told_by_hand(session: Session, event: Event, occurrence: Occurrence) -> set[str]:
    told = select(Reminder.address).outerjoin(Delivery, Delivery.id == Reminder.delivery_id)
    return set(session.scalars(told.where(*_by_hand(event, occurrence), Delivery.state.not_in(NOT_TOLD))))


def _insert(
    session: Session,
    event: Event,
    standing: Snapshot,
    occurrence: Occurrence,
    addresses: Sequence[str],
    moment: datetime,
) -> Sequence[Reminder]:
    """Write the rows, claimed already; of two clicks in one minute the second writes none."""
    rows = [
        {
            "event_id": event.id, "attendee_id": standing.people[address].attendee_id, "address": address,
            "kind": "manual", "original": occurrence.original, "instance": occurrence.original,
            "starts_at": occurrence.starts_at, "ends_at": occurrence.ends_at, "location": occurrence.place,
            "lead_minutes": 0, "revision": int(moment.timestamp() // 60), "replaced": 0, "due_at": moment,
            "state": "handed_over", "reason": None, "notice": None, "created_at": moment, "claimed_at": moment,
        }
        for address in addresses
    ]  # fmt: skip
    if not rows:
        return []
    written = insert_once(session, Reminder).returning(Reminder.id)
    ids = session.scalars(written, rows).all()
    return session.scalars(select(Reminder).where(Reminder.id.in_(ids)).order_by(Reminder.id)).all()


def _composed(reminder: Reminder, event: Event, standing: Snapshot, moment: datetime) -> Mail:
    begun = not event.all_day and reminder.starts_at < moment
    return compose(reminder, event, standing.people[reminder.address], begun=begun)


def _leave_out_planned(
    session: Session, event: Event, occurrence: Occurrence, addresses: Sequence[str], moment: datetime
) -> None:
    planned = update(Reminder).where(
        Reminder.event_id == event.id,
        Reminder.starts_at == occurrence.starts_at,
        Reminder.state == "planned",
        Reminder.kind == "reminder",
        Reminder.due_at <= moment + RECENTLY,
        Reminder.address.in_(addresses),
    )
    session.execute(planned.values(state="skipped", reason="told"))


def _deliveries(session: Session, event: Event, occurrence: Occurrence) -> list[Delivery]:
    mails = select(Delivery).join(Reminder, Reminder.delivery_id == Delivery.id)
    return list(session.scalars(mails.where(*_by_hand(event, occurrence)).order_by(Delivery.id)))
