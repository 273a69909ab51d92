"""What became of the demo's reminders, compared with what arrived; and the sample data itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from edupulse.clock import running_on
from edupulse.database import db
from edupulse.embedded import mailbox, sample
from edupulse.embedded.outcome import judge, outcomes
from edupulse.mail.models import Delivery
from edupulse.reminders.due import check
from edupulse.reminders.events import create_event
from edupulse.reminders.upcoming import upcoming


@pytest.fixture
def events(sqlite_app: Flask, now: datetime) -> list[int]:
    """The two events of the demo, whose reminders fall due in six seconds."""
    drafts = sample.events_due_at(now + timedelta(seconds=6))
    return [create_event(draft, "system", None).id for draft in drafts]


@pytest.fixture
def sent(events: list[int], now: datetime) -> list[Delivery]:
    """The same after every mail was sent, two seconds late."""
    later = now + timedelta(seconds=8)
    with running_on(lambda: later):
        check(later)
    deliveries = list(db.session.scalars(select(Delivery)))
    for delivery in deliveries:
        delivery.state, delivery.sent_at = "sent", later
    db.session.commit()
    return deliveries


def put(folder: Path, deliveries: list[Delivery]) -> None:
    folder.mkdir(exist_ok=True)
    for delivery in deliveries:
        raw = f"Message-ID: {delivery.message_id}\r\n\r\n".encode()
        mailbox.store(folder, raw, sender="s", recipients=[delivery.address], at=delivery.accepted_at)


def test_before_their_time_all_reminders_stand_as_planned(events: list[int], now: datetime) -> None:
    found = outcomes(events)

    assert len(found) == 11
    assert {outcome.state for outcome in found} == {"planned"}
    assert {(outcome.due_at - now).total_seconds() for outcome in found} == {6, 7}


def test_a_sent_reminder_knows_how_late_it_was(events: list[int], sent: list[Delivery]) -> None:
    found = outcomes(events)

    assert all(outcome.is_over for outcome in found)
    assert {outcome.lateness for outcome in found} == {1.0, 2.0}


def test_all_is_well_when_every_mail_arrived_once(
    events: list[int], sent: list[Delivery], tmp_path: Path
) -> None:
    put(tmp_path, sent)

    verdict = judge(outcomes(events), tmp_path)

    assert verdict.is_good
    assert verdict.arrived == 11


def test_a_missing_a_doubled_and_a_strange_mail_are_found(
    events: list[int], sent: list[Delivery], tmp_path: Path
) -> None:
    first, second, *others = sent
    put(tmp_path, [second, second, *others])
    mailbox.store(tmp_path, b"Message-ID: <x@y>\r\n\r\n", sender="s", recipients=[], at=first.accepted_at)

    verdict = judge(outcomes(events), tmp_path)

    assert not verdict.is_good
    assert (verdict.missing, verdict.twice, verdict.strangers) == ([first.address], [second.address], 1)


def test_the_school_has_something_planned_of_every_kind(sqlite_app: Flask, now: datetime) -> None:
    drafts = sample.later_events(now)

    for draft in drafts:
        create_event(draft, "system", None)

    titles = {entry.title for entry in upcoming(now, 500)}
    assert titles == {draft.title for draft in drafts}
    assert {draft.all_day for draft in drafts} == {True, False}
    assert any(draft.rrule for draft in drafts)
    assert any(draft.latitude for draft in drafts)
