"""Small scenes for tests of reminders: an event, a check at an instant, a mail that arrives or is refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, update

from edupulse import clock
from edupulse.database import db
from edupulse.mail.models import Attempt, Delivery
from edupulse.reminders import due
from edupulse.reminders.events import AttendeeDraft, EventDraft, change_event, create_event, draft_of
from edupulse.reminders.models import Event, Reminder
from edupulse.transaction import transaction

ANNA = AttendeeDraft(email="anna@school.example", name="Anna")
LI = AttendeeDraft(email="li@school.example", name="李雷", locale="zh", timezone="Asia/Shanghai")
LONG_BEFORE = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def utc(text: str) -> datetime:
    """Read "2026-03-16 09:00" as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str) -> datetime:
    """Read "2026-03-16 10:00" as a wall-clock time."""
    return datetime.fromisoformat(text)


def draft(**changes: Any) -> EventDraft:
    """An hour of painting on Monday 16 March 2026, 10:00 in Berlin (09:00 UTC), for Anna, lead 15 minutes."""
    usual: dict[str, Any] = {
        "title": "Oil painting",
        "starts": local("2026-03-16 10:00"),
        "ends": local("2026-03-16 11:00"),
        "timezone": "Europe/Berlin",
        "location": "Studio 2",
        "leads": (15,),
        "attendees": (ANNA,),
    }
    if "starts" in changes and "ends" not in changes:
        changes["ends"] = None
    return EventDraft(**(usual | changes))


def create(at: datetime = LONG_BEFORE, **changes: Any) -> Event:
    """Enter that event at an instant."""
    with clock.frozen(at):
        return create_event(draft(**changes), actor="test")


def change(event: Event, at: datetime, **changes: Any) -> Event:
    """Change an event at an instant; what is not named stays as it is, an end follows its start."""
    was = draft_of(event)
    if "starts" in changes and was.ends:
        changes.setdefault("ends", changes["starts"] + (was.ends - was.starts))
    kept = {name: getattr(was, name) for name in was.__dataclass_fields__}
    with clock.frozen(at):
        return change_event(event.id, EventDraft(**(kept | changes)), actor="test")


def check(at: datetime) -> dict[str, int]:
    """Run the check at an instant."""
    with clock.frozen(at):
        return due.check(at)


def mails(kind: str | None = None) -> Sequence[Delivery]:
    """Return every accepted mail in order."""
    query = select(Delivery).order_by(Delivery.id)
    return db.session.scalars(query.where(Delivery.kind == kind) if kind else query).all()


def rows(**values: Any) -> Sequence[Reminder]:
    """Return the reminders with these values, by due time and person."""
    query = select(Reminder).filter_by(**values).order_by(Reminder.due_at, Reminder.address)
    return db.session.scalars(query.execution_options(populate_existing=True)).all()


def becomes(
    deliveries: Iterable[Delivery], state: str, at: datetime, *, said: str = "250 2.0.0 queued", **values: Any
) -> None:
    """Let the mail line have brought these mails to a state, with an attempt and the server's words."""
    ids = [delivery.id for delivery in deliveries]
    code, _, text = said.partition(" ")
    if state == "sent":
        values["sent_at"] = at
    with transaction() as session:
        session.execute(update(Delivery).where(Delivery.id.in_(ids)).values(state=state, **values))
        for id in ids:
            session.add(
                Attempt(
                    delivery_id=id, at=at, ms=20, server="smtp.school.example:587", phase="dot",
                    verdict=state, code=int(code), text=text,
                )
            )  # fmt: skip


def arrive(at: datetime) -> None:
    """Let everything that waits be taken by the server."""
    becomes([each for each in mails() if each.state == "queued"], "sent", at)
