"""Each situation in which mailboxes and schedules can differ, and the numbers that a sync answers with."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from flask import Flask
from redis import Redis

from edupulse import clock
from edupulse.control import firing, timetable
from edupulse.control.models import JobRun, Schedule
from edupulse.control.schedule import SyncResult
from edupulse.database import db
from edupulse.mailboxes.polling.poll import poll
from edupulse.mailboxes.syncing import sync
from edupulse.transaction import transaction
from tests.mailboxes.sync.rows import add_mailboxes, armed, change, next_runs, schedule_of

pytestmark = [pytest.mark.real_redis, pytest.mark.usefixtures("app", "real_redis")]
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def three(now: datetime) -> list[int]:
    """Three mailboxes that are synced."""
    ids = add_mailboxes(3)
    sync(now)
    return ids


def test_new_mailboxes_are_added_and_a_second_sync_changes_nothing(now: datetime, real_redis: Redis) -> None:
    ids = add_mailboxes(3)

    assert sync(now) == SyncResult(3, 0, 0, 3)
    before = armed(real_redis)
    assert sync(now + SECOND) == SyncResult(0, 0, 0, 3)

    assert (
        armed(real_redis)
        == before
        == {f"schedule-{name}": at.timestamp() for name, at in next_runs().items()}
    )
    assert set(before) == {f"schedule-mailbox-{id}" for id in ids}
    assert all(now < at <= now + MINUTE for at in next_runs().values())


def test_another_interval_is_an_update_that_brings_no_poll_forward(now: datetime, three: list[int]) -> None:
    before, changed, later = next_runs(), f"mailbox-{three[0]}", now + 7 * SECOND
    change(three[0], interval_seconds=600)

    assert sync(later) == SyncResult(0, 0, 1, 3)

    earliest = min(before[changed], later + 600 * SECOND)
    assert earliest <= next_runs()[changed] < earliest + 600 * SECOND
    assert {**next_runs(), changed: None} == {**before, changed: None}


@pytest.mark.parametrize("change_of", [{"enabled": False}, {"enabled": False, "removed_at": True}])
def test_one_that_is_switched_off_or_removed_is_polled_no_more(
    now: datetime, three: list[int], real_redis: Redis, change_of: dict[str, object]
) -> None:
    change(three[1], **{**change_of, **({"removed_at": now} if "removed_at" in change_of else {})})

    assert sync(now) == SyncResult(0, 1, 0, 2)

    assert schedule_of(three[1]) is None
    assert set(armed(real_redis)) == {f"schedule-mailbox-{three[0]}", f"schedule-mailbox-{three[2]}"}


def test_a_poll_that_waits_when_its_mailbox_is_switched_off_connects_to_nobody(
    now: datetime, three: list[int]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        change(three[0], host="127.0.0.1", port=server.getsockname()[1], security="none")
        row = schedule_of(three[0])
        assert row is not None
        firing.fire(row.name, row.next_at)
        waiting = db.session.query(JobRun).filter_by(name="mailboxes.poll", state="queued").one()
        change(three[0], enabled=False)

        outcome = poll(**waiting.arguments)

        assert outcome["outcome"] == "skipped_disabled"
        with pytest.raises(BlockingIOError):
            server.accept()


def test_all_come_back_to_an_emptied_redis_at_their_times(
    now: datetime, three: list[int], real_redis: Redis
) -> None:
    before = armed(real_redis)
    real_redis.flushall()

    assert sync(now) == SyncResult(3, 0, 0, 3)

    assert armed(real_redis) == before


def test_one_lost_by_a_crash_on_its_way_back_into_redis_is_healed(
    now: datetime, three: list[int], real_redis: Redis
) -> None:
    before, lost = armed(real_redis), f"schedule-mailbox-{three[2]}"
    real_redis.zrem(timetable.ENTRIES, lost)

    assert sync(now) == SyncResult(1, 0, 0, 3)

    assert armed(real_redis) == before


def test_a_second_schedule_in_redis_from_an_older_release_is_taken_out(
    now: datetime, three: list[int], real_redis: Redis
) -> None:
    stray = str(uuid4())
    real_redis.zadd(timetable.ENTRIES, {stray: (now + MINUTE).timestamp()})

    assert sync(now) == SyncResult(0, 1, 0, 3)

    assert real_redis.zscore(timetable.ENTRIES, stray) is None
    assert list(timetable.quarantined(real_redis)) == [stray]
    assert len(armed(real_redis)) == 3


def test_a_flood_of_strays_goes_and_only_some_are_kept_to_look_at(
    now: datetime, three: list[int], real_redis: Redis
) -> None:
    real_redis.zadd(timetable.ENTRIES, {str(uuid4()): 1 for _ in range(timetable.QUARANTINE_MOST + 20)})

    assert sync(now) == SyncResult(0, timetable.QUARANTINE_MOST + 20, 0, 3)

    assert len(timetable.quarantined(real_redis)) == timetable.QUARANTINE_MOST
    assert timetable.strays(real_redis) == []


def test_a_second_schedule_under_an_older_name_is_collapsed(
    now: datetime, three: list[int], real_redis: Redis
) -> None:
    with transaction() as session:
        known = session.get_one(Schedule, f"mailbox-{three[0]}")
        columns = {column.name: getattr(known, column.name) for column in Schedule.__table__.columns}
        session.add(Schedule(**{**columns, "name": "imap-poll-3f9c"}))
    real_redis.zadd(timetable.ENTRIES, {"schedule-imap-poll-3f9c": now.timestamp()})

    assert sync(now) == SyncResult(0, 1, 0, 3)

    assert len(next_runs()) == 3
    assert len(timetable.armed_schedules(real_redis)) == db.session.query(Schedule).count()


def test_another_host_user_or_password_is_an_update_that_keeps_the_times(
    now: datetime, three: list[int]
) -> None:
    before = next_runs()

    with clock.frozen(now + SECOND):
        for id, what in zip(three, ("host", "username", "password_sealed"), strict=True):
            change(id, **{what: "other"})

        assert sync(now + SECOND) == SyncResult(0, 0, 3, 3)
        assert sync(now + SECOND) == SyncResult(0, 0, 0, 3)

    assert next_runs() == before


def test_two_syncs_at_once_never_double_anything(app: Flask, now: datetime, real_redis: Redis) -> None:
    add_mailboxes(20)
    both = threading.Barrier(2)

    def sync_in_a_thread(_: int) -> SyncResult:
        with app.app_context():
            both.wait()
            try:
                return sync(now)
            finally:
                db.session.remove()

    with ThreadPoolExecutor(2) as threads:
        results = list(threads.map(sync_in_a_thread, range(2)))

    allowed = {SyncResult(20, 0, 0, 20), SyncResult(0, 0, 0, 20)}
    assert set(results) <= allowed
    assert results != [SyncResult(0, 0, 0, 20)] * 2
    assert len(next_runs()) == len(armed(real_redis)) == 20
    assert sync(now) == SyncResult(0, 0, 0, 20)


def test_a_job_that_was_renamed_is_an_update(now: datetime, three: list[int]) -> None:
    with transaction() as session:
        session.query(Schedule).filter_by(name=f"mailbox-{three[0]}").update({"job": "mailboxes.fetch"})

    assert sync(now) == SyncResult(0, 0, 1, 3)

    row = schedule_of(three[0])
    assert row is not None
    assert (row.job, row.arguments) == ("mailboxes.poll", {"mailbox_id": three[0]})


def test_one_that_is_due_hands_over_one_poll_of_its_mailbox(now: datetime, three: list[int]) -> None:
    row = schedule_of(three[1])
    assert row is not None
    due_at = row.next_at

    assert firing.fire(row.name, due_at) == due_at + MINUTE

    run = db.session.query(JobRun).filter_by(name="mailboxes.poll").one()
    assert (run.queue, run.arguments) == ("poll", {"mailbox_id": three[1]})


def test_a_mailbox_whose_interval_cannot_be_used_stops_no_other(now: datetime) -> None:
    ids = add_mailboxes(3)
    change(ids[1], interval_seconds=0)

    assert sync(now) == SyncResult(2, 0, 0, 3)

    assert set(next_runs()) == {f"mailbox-{ids[0]}", f"mailbox-{ids[2]}"}
