"""One person, one event, one moment: the facts from which `why` reads its answer are gathered here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from edupulse.database import db
from edupulse.errors import NotFound
from edupulse.mail.addresses import comparable
from edupulse.mail.models import Delivery
from edupulse.reminders.models import Attendee, Event, Reminder
from edupulse.walltime import to_local

HISTORY_AFTER = timedelta(days=7)  # a mail that did not arrive is news for so long after the event
ONE_IS_ENOUGH = ("superseded", "told")  # reasons of a reminder beside which another one was sent


@dataclass(frozen=True)
class Case:
    """What is known; `reminder` is the last one that was due, `coming` the next one that is planned."""

    event: Event
    asked: str
    address: str
    now: datetime
    person: Attendee | None
    reminder: Reminder | None
    delivery: Delivery | None
    coming: Reminder | None

    @property
    def mail_state(self) -> str:
        return self.delivery.state if self.delivery else ""

    @property
    def is_news(self) -> bool:
        """Say whether the question is about the last reminder, and not about the next one."""
        if self.reminder is None:
            return False
        over_since = self.now - self.reminder.ends_at
        return over_since < (timedelta(0) if self.mail_state == "sent" else HISTORY_AFTER)

    def at(self, instant: datetime) -> str:
        """Write an instant on the clock of the event."""
        return f"{to_local(instant, self.event.timezone):%Y-%m-%d %H:%M} ({self.event.timezone})"


def case_of(event_id: int, asked: str, now: datetime) -> Case:
    """Gather the facts about who is meant by an address or a name; raises NotFound for an unknown event."""
    event = db.session.get(Event, event_id)
    if event is None:
        raise NotFound(f"There is no event {event_id}.", event_id=event_id)
    person = _person(event, asked.strip())
    address = person.address if person else comparable(asked.strip())
    reminders = _reminders(event_id, address)
    last = next((each for each in reversed(reminders) if each.due_at <= now and _counts(each)), None)
    coming = next((each for each in reminders if each.due_at > now and each.state == "planned"), None)
    delivery = db.session.get(Delivery, last.delivery_id) if last and last.delivery_id else None
    return Case(event, asked.strip(), address, now, person, last, delivery, coming)


def _person(event: Event, asked: str) -> Attendee | None:
    by_address = [each for each in event.attendees if each.address and each.address == comparable(asked)]
    by_name = [each for each in event.attendees if each.name.lower() == asked.lower()]
    return next(iter([*by_address, *by_name]), None)


def _reminders(event_id: int, address: str) -> Sequence[Reminder]:
    theirs = select(Reminder).where(Reminder.event_id == event_id, Reminder.address == address)
    return db.session.scalars(theirs.order_by(Reminder.due_at, Reminder.id)).all() if address else []


def _counts(reminder: Reminder) -> bool:
    return reminder.state != "cancelled" and reminder.reason not in ONE_IS_ENOUGH
