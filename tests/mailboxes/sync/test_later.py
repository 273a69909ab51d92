"""What a person changes reaches the clock at once, and a Redis that is away spoils no change."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from flask import Flask
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy.exc import OperationalError

from edupulse.control import definitions as known_definitions
from edupulse.control import rounds, schedule, schedule_sync
from edupulse.control.definitions import Definition, register_definitions
from edupulse.control.lease import Lease
from edupulse.control.schedule import SyncResult
from edupulse.database import db
from edupulse.mailboxes import schedules, syncing
from edupulse.mailboxes.syncing import sync, sync_later
from edupulse.transaction import transaction
from tests.mailboxes.sync.rows import add_mailboxes, armed, change, mailbox, next_runs, schedule_of


def test_a_sync_comes_after_the_commit_and_once_for_all_changes(
    sqlite_app: Flask, now: datetime, redis: Redis
) -> None:
    with transaction() as session:
        session.add_all([mailbox(1), mailbox(2)])
        sync_later()
        sync_later()
        session.flush()
        during = armed(redis)

    assert during == {}
    assert len(armed(redis)) == len(next_runs()) == 2


def test_a_change_that_fails_is_not_synced(sqlite_app: Flask, now: datetime, redis: Redis) -> None:
    with pytest.raises(ZeroDivisionError), transaction() as session:
        session.add(mailbox(1))
        sync_later()
        raise ZeroDivisionError

    assert armed(redis) == next_runs() == {}


def test_without_redis_the_change_and_its_schedule_stand_and_the_next_sync_arms_it(
    sqlite_app: Flask, now: datetime, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: object, **kwargs: object) -> None:
        raise RedisConnectionError("gone")

    with monkeypatch.context() as outage, transaction() as session:
        outage.setattr(redis, "zrange", away)
        session.add(mailbox(1))
        sync_later()

    assert armed(redis) == {}
    assert len(next_runs()) == 1
    assert sync(now) == SyncResult(1, 0, 0, 1)
    assert len(armed(redis)) == 1


def test_a_database_that_goes_away_after_the_commit_spoils_no_change(
    sqlite_app: Flask, now: datetime, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(moment: datetime) -> None:
        raise OperationalError("select", {}, Exception("gone"))

    with monkeypatch.context() as outage, transaction() as session:
        outage.setattr(syncing, "sync_by_name", away)
        session.add(mailbox(1))
        sync_later()

    assert sync(now) == SyncResult(1, 0, 0, 1)


def test_a_sync_that_read_too_early_does_not_bring_back_what_was_switched_off_meanwhile(
    app: Flask, now: datetime, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    (id,) = add_mailboxes(1)
    has_read, other_is_done = threading.Event(), threading.Event()

    def read_and_dawdle() -> Mapping[str, Definition]:
        found = known_definitions.definitions()
        if not has_read.is_set():
            has_read.set()
            other_is_done.wait(0.3)  # seconds; the other has to wait for us, so this is waited for in full
        return found

    def sync_early() -> None:
        with app.app_context():
            sync(now)
            db.session.remove()

    monkeypatch.setattr(schedule_sync, "definitions", read_and_dawdle)
    with ThreadPoolExecutor(1) as thread:
        early = thread.submit(sync_early)
        has_read.wait(5)
        change(id, enabled=False)
        sync(now)
        other_is_done.set()
        early.result()

    assert schedule_of(id) is None
    assert armed(redis) == {}


def test_a_scheduler_that_begins_to_lead_syncs_the_mailboxes(
    sqlite_app: Flask, now: datetime, redis: Redis
) -> None:
    add_mailboxes(3)
    lead = rounds.Rounds(redis, Lease(redis, "lock", "clock-1", 15), "clock-1")

    lead.make()

    assert len(armed(redis)) == 3


def test_what_somebody_paused_stays_paused_while_its_mailbox_is_changed(
    sqlite_app: Flask, now: datetime, redis: Redis
) -> None:
    (id,) = add_mailboxes(1)
    sync(now)
    schedule.pause(f"mailbox-{id}", actor="anna@school.example")
    change(id, interval_seconds=300)

    result = sync(now)

    row = schedule_of(id)
    assert result == SyncResult(0, 0, 1, 1)
    assert row is not None
    assert (row.enabled, row.interval_seconds) == (False, 300)
    assert armed(redis) == {}


def test_other_schedules_are_synced_too_but_not_counted(sqlite_app: Flask, now: datetime) -> None:
    add_mailboxes(2)

    assert sync(now) == SyncResult(2, 0, 0, 2)

    assert len(schedule.listing(now)) > 2
    assert schedule.sync(now).total == len(schedule.listing(now))


def test_a_provider_made_known_twice_is_asked_once() -> None:
    before = list(known_definitions._providers)

    register_definitions(schedules.definitions)

    assert known_definitions._providers == before
