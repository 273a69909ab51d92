"""Many rows and many hands: a check reads small indexes, and changes and checks at once agree in the end."""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import event as sql_event
from sqlalchemy import insert, select, text, update

from edupulse import clock
from edupulse.database import db
from edupulse.mail.models import Delivery
from edupulse.reminders import due
from edupulse.reminders.events import AttendeeDraft
from edupulse.reminders.models import Event, Reminder
from edupulse.transaction import transaction
from tests.reminders.scenes import change, check, create, mails, utc

DUE = utc("2026-03-16 08:45")
HISTORY = 20_000  # rows of the past: enough for the database to prefer an index
CHANGES = 12


def fill_with_history(event: Event) -> None:
    """Write reminders that were handed over long ago."""

    def row(number: int) -> dict[str, object]:
        at = utc("2020-01-01 00:00") + timedelta(minutes=number)
        return {
            "event_id": event.id, "address": "anna@school.example", "original": "", "instance": "",
            "starts_at": at, "ends_at": at, "lead_minutes": 15, "due_at": at, "state": "handed_over", "created_at": at,
            "settled_at": at,
        }  # fmt: skip

    with transaction() as session:
        session.execute(insert(Reminder), [row(number) for number in range(HISTORY)])
        session.execute(text("ANALYZE"))


def statements_of(act: Callable[[], Any]) -> list[tuple[str, Any]]:
    """Return what is asked of the database while `act` runs."""
    asked: list[tuple[str, Any]] = []

    def listen(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    sql_event.listen(db.engine, "before_cursor_execute", listen)
    try:
        act()
    finally:
        sql_event.remove(db.engine, "before_cursor_execute", listen)
    return asked


def explained(asked: list[tuple[str, Any]], *words: str) -> str:
    """Return the database's own plan for the one statement that holds these words."""
    statement, parameters = next(each for each in asked if all(word in each[0] for word in words))
    prefix = "EXPLAIN QUERY PLAN " if db.engine.dialect.name == "sqlite" else "EXPLAIN "
    rows = db.session.connection().exec_driver_sql(prefix + statement, parameters).all()
    return "\n".join(str(tuple(row)) for row in rows)


def test_a_check_reads_the_small_indexes_however_long_the_history_is(app: Flask) -> None:
    fill_with_history(create())

    asked = statements_of(lambda: check(DUE))

    assert "ix_reminder_due" in explained(asked, "SELECT reminder.id", "ORDER BY reminder.due_at", "LIMIT")
    assert "ix_reminder_due" in explained(asked, "SELECT DISTINCT reminder.due_at")
    assert "ix_reminder_unsettled" in explained(asked, "SELECT reminder.id", "reminder.settled_at IS NULL")


def test_a_check_asks_as_often_for_a_class_as_for_one_person(app: Flask) -> None:
    create()
    one = len(statements_of(lambda: check(DUE)))
    create(attendees=[AttendeeDraft(email=f"p{number}@school.example") for number in range(60)])

    # Mails are handed to the workers in portions, which are rows of the job ledger.
    assert len(statements_of(lambda: check(DUE))) <= one + 2


def test_changes_checks_and_sending_at_once_leave_everybody_with_the_truth(app: Flask) -> None:
    people = [AttendeeDraft(email=f"p{number}@school.example") for number in range(15)]
    event = create(attendees=people)
    done, failures = threading.Event(), list[BaseException]()

    def guarded(act: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            with app.app_context():
                try:
                    act()
                except BaseException as error:  # noqa: BLE001 - asserted below
                    failures.append(error)
                finally:
                    db.session.remove()

        return run

    def edit() -> None:
        try:
            for number in range(CHANGES):
                there = people[number % 3 :] if number < CHANGES - 1 else people
                changed = db.session.get_one(Event, event.id)
                change(changed, DUE, location=f"Room {number}", attendees=there)
                db.session.expire_all()
        finally:
            done.set()

    def look() -> None:
        while not done.is_set():
            due.check(DUE)

    def send() -> None:
        dice = random.Random(4711)
        while not done.is_set():
            with transaction() as session:
                waiting = session.scalars(select(Delivery.id).where(Delivery.state == "queued")).all()
                some = [id for id in waiting if dice.random() < 0.2]
                taken = update(Delivery).where(Delivery.id.in_(some), Delivery.state == "queued")
                session.execute(taken.values(state="sent", sent_at=DUE))

    with clock.frozen(DUE):
        threads = [threading.Thread(target=guarded(act)) for act in (edit, look, look, send)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        check(DUE)

    assert failures == []
    heard = defaultdict(list)
    for mail in mails():
        if mail.state != "cancelled":
            heard[mail.address].append(mail)
    assert len(heard) == 15
    for received in heard.values():
        assert [mail.kind for mail in received].count("reminder") <= 1
        assert f"Where: Room {CHANGES - 1}" in received[-1].content.text
