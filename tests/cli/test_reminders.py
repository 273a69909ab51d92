"""`reminders` on the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from edupulse.cli import waiting
from edupulse.clock import frozen
from edupulse.control.workers import present
from edupulse.database import db
from edupulse.mail.models import Delivery
from edupulse.reminders.events import AttendeeDraft, EventDraft, create_event
from edupulse.reminders.models import Event
from tests.cli.conftest import Type, facts

LI = AttendeeDraft("li@school.example", "Li")
LESSON = EventDraft("Lesson", datetime(2026, 3, 12, 9, 10), leads=(15,), timezone="UTC", attendees=(LI,))


@pytest.fixture
def lesson(sqlite_app: Flask, change_settings: Callable[..., None], now: datetime) -> int:
    """A lesson in ten minutes, whose reminder is due."""
    change_settings(smtp_server="mail.school.example")
    with frozen(now - timedelta(hours=1)):
        return create_event(LESSON, "system", None).id


def test_what_comes_next_is_listed_and_that_nobody_is_there_to_send_it(type_in: Type, lesson: int) -> None:
    shown = type_in("reminders", "upcoming")
    machine = facts(type_in("reminders", "upcoming", "--json"))

    assert [(row["event_id"], row["address"]) for row in machine] == [(lesson, "li@school.example")]
    assert "li@school.example" in shown.stdout
    assert shown.stderr.count("No worker is running") == 1


def test_the_check_by_hand_hands_over_what_is_due(type_in: Type, lesson: int) -> None:
    counts = facts(type_in("reminders", "check", "--json"))

    assert (counts["due"], counts["handed_over"]) == (1, 1)
    assert db.session.scalars(select(Delivery.address)).all() == ["li@school.example"]


def test_sending_by_hand_without_a_worker_says_that_it_is_queued(type_in: Type, lesson: int) -> None:
    sent = type_in("reminders", "send", str(lesson))

    assert sent.exit_code == 1
    assert "queued" in sent.stderr
    assert "No worker is running" in sent.stderr
    assert db.session.scalars(select(Delivery.state)).all() == ["queued"]


def test_sending_by_hand_can_leave_without_waiting(type_in: Type, lesson: int) -> None:
    (row,) = facts(type_in("reminders", "send", str(lesson), "--no-wait", "--json"))

    assert (row["address"], row["state"]) == ("li@school.example", "queued")


def test_sending_by_hand_waits_for_the_outcome(
    type_in: Type, lesson: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting.time, "sleep", lambda seconds: answer("sent", None))

    with present("worker", ("email",)):
        sent = type_in("reminders", "send", str(lesson))

    assert sent.exit_code == 0
    assert "sent" in sent.stdout


def test_a_refused_mail_makes_the_command_fail_and_names_the_person(
    type_in: Type, lesson: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting.time, "sleep", lambda seconds: answer("rejected", "550 5.1.1 No such user"))

    with present("worker", ("email",)):
        sent = type_in("reminders", "send", str(lesson))

    assert sent.exit_code == 1
    assert "550 5.1.1 No such user" in sent.stdout
    assert "li@school.example (rejected)" in sent.stderr


def answer(state: str, reason: str | None) -> None:
    """Do what a worker would do meanwhile."""
    delivery = db.session.scalars(select(Delivery)).one()
    delivery.state, delivery.reason = state, reason
    db.session.commit()


def test_why_answers_in_a_sentence_and_with_a_code(type_in: Type, lesson: int) -> None:
    create_event(replace(LESSON, title="Quiet", email_reminder=False), "system", None)
    quiet = db.session.scalars(select(Event.id).where(Event.title == "Quiet")).one()

    machine = facts(type_in("reminders", "why", str(quiet), "li@school.example", "--json"))
    people = type_in("reminders", "why", str(quiet), "li@school.example")

    assert machine["reason"] == "reminder_off"
    assert machine["sentence"] in people.stdout


@pytest.mark.parametrize("words", [("send", "999"), ("why", "999", "li@school.example")])
def test_an_event_that_does_not_exist_is_named(type_in: Type, words: tuple[str, ...]) -> None:
    refused = type_in("reminders", *words)

    assert refused.exit_code == 1
    assert "999" in refused.stderr
    assert "Traceback" not in refused.output


def test_cleaning_up_only_lists_until_it_is_told_to_remove(type_in: Type, now: datetime) -> None:
    with frozen(now - timedelta(days=100)):
        create_event(replace(LESSON, starts=datetime(2025, 12, 3, 9, 0)), "system", None)
        type_in("reminders", "check")
    with frozen(now - timedelta(days=98)):
        type_in("reminders", "check")

    listed = facts(type_in("reminders", "cleanup", "--json"))
    removed = facts(type_in("reminders", "cleanup", "--remove", "--json"))

    assert (listed["dry_run"], removed["dry_run"]) == (True, False)
    assert listed["events"] == removed["events"]


def test_too_few_days_are_refused(type_in: Type) -> None:
    refused = type_in("reminders", "cleanup", "--older-than", "0")

    assert (refused.exit_code, "at least one day" in refused.stderr) == (1, True)
