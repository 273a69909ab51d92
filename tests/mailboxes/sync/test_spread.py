"""Many mailboxes do not start together, their places stay, and syncing them costs few questions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import event

from edupulse.control.occurrences import EPOCH, Rule, upcoming
from edupulse.control.schedule import SyncResult
from edupulse.control.spread import placed
from edupulse.database import db
from edupulse.mailboxes.models import Mailbox
from edupulse.mailboxes.polling.cursors import place_of
from edupulse.mailboxes.syncing import sync
from tests.mailboxes.sync.rows import add_mailboxes, armed, change, next_runs

MANY = 500


@pytest.fixture
def questions(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """What the database is asked while the test runs."""
    asked: list[str] = []
    request.getfixturevalue("app" if "app" in request.fixturenames else "sqlite_app")

    def note(_: object, __: object, statement: str, *rest: object) -> None:
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield asked
    event.remove(db.engine, "before_cursor_execute", note)


@pytest.mark.real_redis
def test_five_hundred_are_synced_with_few_questions_and_start_at_all_seconds_of_the_minute(
    app: Flask, now: datetime, real_redis: Redis, questions: list[str]
) -> None:
    add_mailboxes(MANY)
    questions.clear()

    assert sync(now) == SyncResult(MANY, 0, 0, MANY)

    assert len(questions) < 30  # rows are written in groups
    in_each_second = Counter(next_runs().values())
    assert len(in_each_second) == 60
    assert max(in_each_second.values()) <= 10  # by chance it would be 17 or so
    assert len(armed(real_redis)) == MANY


def test_a_sync_that_finds_nothing_to_do_asks_as_little(
    sqlite_app: Flask, now: datetime, questions: list[str]
) -> None:
    add_mailboxes(MANY)
    sync(now)
    before = next_runs()
    questions.clear()

    assert sync(now + timedelta(minutes=5)) == SyncResult(0, 0, 0, MANY)

    assert len(questions) < 10
    assert next_runs() == before


@pytest.mark.parametrize("interval", [10, 60, 90, 300, 3600, 86_400])
def test_any_numbers_fill_any_interval_evenly(interval: int) -> None:
    mean = MANY / interval

    for numbers in (range(1, MANY + 1), range(7_001, 7_001 + MANY), range(1, 2 * MANY, 2)):
        places = Counter(placed(Rule(interval=interval), f"mailbox-{number}").anchor for number in numbers)

        assert max(places.values()) <= mean + 3
        assert all(EPOCH <= at < EPOCH + timedelta(seconds=interval) for at in places)


def test_the_place_is_kept_from_one_run_to_the_next(now: datetime) -> None:
    rule = placed(Rule(interval=300), "mailbox-17")

    first, *following = upcoming(rule, now, 4)

    assert following == [first + timedelta(seconds=300 * number) for number in (1, 2, 3)]


@pytest.mark.parametrize("name", ["reports.daily", "mailbox-", "mailbox-x7", "mailbox-17x", "mailbox-１７"])
def test_a_schedule_without_a_number_begins_with_the_interval(name: str) -> None:
    assert placed(Rule(interval=60), name).anchor == EPOCH


def test_a_time_of_day_is_nobodys_to_move() -> None:
    assert placed(Rule(cron="0 2 * * *"), "mailbox-17") == Rule(cron="0 2 * * *")


@pytest.mark.parametrize(("old", "new"), [(600, 60), (3600, 45), (60, 59), (60, 3600)])
def test_whichever_interval_is_new_no_poll_comes_sooner_than_by_the_old_one_or_a_new_one_from_now(
    sqlite_app: Flask, now: datetime, old: int, new: int
) -> None:
    ids, later = add_mailboxes(20, interval_seconds=old), now + timedelta(seconds=7)
    sync(now)
    before = next_runs()
    for id in ids:
        change(id, interval_seconds=new)

    assert sync(later) == SyncResult(0, 0, 20, 20)

    interval = timedelta(seconds=new)
    for name, at in next_runs().items():
        earliest = min(before[name], later + interval)
        assert earliest <= at < earliest + interval


@pytest.mark.parametrize(
    ("what", "is_kept"), [("password_sealed", True), ("host", False), ("username", False), ("folder", False)]
)
def test_the_cursor_stays_unless_host_user_or_folder_is_another(what: str, is_kept: bool) -> None:
    facts = {"host": "imap.school.example", "username": "office", "folder": "INBOX"}

    before, after = place_of(Mailbox(**facts)), place_of(Mailbox(**{**facts, what: "other"}))

    assert (before == after) == is_kept
