"""Schedules match the catalog, Redis matches the schedules, and what an operator decided survives."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from edupulse import clock
from edupulse.accounts.audit import entries_of
from edupulse.control import mirror, schedule, timetable
from edupulse.control.catalog import Timing
from edupulse.control.models import Schedule
from edupulse.control.schedule import SyncResult, sync
from edupulse.database import db
from edupulse.errors import Invalid, NotFound, Unavailable
from edupulse.transaction import transaction
from tests.control.schedules import MINUTELY, armed, spec, stored, use

MINUTE = timedelta(minutes=1)
HOURLY = Timing(cron="0 * * * *")


@pytest.fixture(autouse=True)
def catalog(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    use(app, monkeypatch, spec("a.minutely", MINUTELY), spec("b.hourly", HOURLY), spec("c.by_hand"))


def change(name: str, **values: object) -> None:
    with transaction() as session:
        for key, value in values.items():
            setattr(session.get_one(Schedule, name), key, value)


def test_a_first_sync_arms_every_job_that_has_a_timing(app: Flask, redis: Redis, now: datetime) -> None:
    result = sync(now)

    assert result == SyncResult(added=2, removed=0, updated=0, total=2)
    assert stored("a.minutely").next_at == now + MINUTE
    assert armed(redis) == {
        "schedule-a.minutely": (now + MINUTE).timestamp(),
        "schedule-b.hourly": (now + timedelta(hours=1)).timestamp(),
    }


def test_a_hundred_restarts_change_nothing(app: Flask, redis: Redis, now: datetime) -> None:
    sync(now)
    before = armed(redis)

    results = {sync(now + timedelta(seconds=number)) for number in range(100)}

    assert results == {SyncResult(added=0, removed=0, updated=0, total=2)}
    assert armed(redis) == before


def test_an_overdue_schedule_keeps_its_place_so_that_the_clock_can_judge_it(
    app: Flask, now: datetime
) -> None:
    sync(now)

    sync(now + timedelta(hours=6))

    assert stored("a.minutely").next_at == now + MINUTE


def test_a_definition_that_left_the_code_disappears(
    app: Flask, redis: Redis, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(now)
    use(app, monkeypatch, spec("b.hourly", HOURLY))

    result = sync(now)

    assert result == SyncResult(added=0, removed=1, updated=0, total=1)
    assert db.session.get(Schedule, "a.minutely") is None
    assert list(armed(redis)) == ["schedule-b.hourly"]


def test_a_changed_time_moves_the_next_run(
    app: Flask, redis: Redis, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(now)
    use(app, monkeypatch, spec("a.minutely", Timing(cron="*/10 * * * *")), spec("b.hourly", HOURLY))

    result = sync(now)

    assert result == SyncResult(added=0, removed=0, updated=1, total=2)
    assert stored("a.minutely").next_at == now + timedelta(minutes=10)
    assert armed(redis)["schedule-a.minutely"] == (now + timedelta(minutes=10)).timestamp()


def test_a_changed_policy_leaves_the_next_run(
    app: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(now)
    use(
        app,
        monkeypatch,
        spec("a.minutely", Timing(cron="* * * * *", misfire="skip")),
        spec("b.hourly", HOURLY),
    )

    result = sync(now + timedelta(minutes=5))

    assert result.updated == 1
    assert (stored("a.minutely").misfire, stored("a.minutely").next_at) == ("skip", now + MINUTE)


def test_another_time_zone_of_the_organisation_moves_what_depends_on_it(
    app: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch, change_settings: object
) -> None:
    use(app, monkeypatch, spec("d.nightly", Timing(cron="0 2 * * *")))
    sync(now)
    change_settings(timezone="Asia/Shanghai")  # type: ignore[operator]

    result = sync(now)

    assert result.updated == 1
    assert stored("d.nightly").next_at == datetime(2026, 3, 12, 18, 0, tzinfo=UTC)


def test_what_an_operator_paused_stays_paused(app: Flask, redis: Redis, now: datetime) -> None:
    sync(now)
    schedule.pause("a.minutely", actor="anna@school.example")

    result = sync(now)

    assert result == SyncResult(added=0, removed=0, updated=0, total=2)
    assert not stored("a.minutely").enabled
    assert list(armed(redis)) == ["schedule-b.hourly"]


def test_a_lost_entry_heals_and_counts_as_added(app: Flask, redis: Redis, now: datetime) -> None:
    sync(now)
    before = armed(redis)
    redis.flushall()

    result = sync(now)

    assert result == SyncResult(added=2, removed=0, updated=0, total=2)
    assert armed(redis) == before


def test_an_entry_at_the_wrong_time_is_moved_and_counts_as_updated(
    app: Flask, redis: Redis, now: datetime
) -> None:
    sync(now)
    before = armed(redis)
    redis.zadd(timetable.ENTRIES, {"schedule-b.hourly": 4e9})

    result = sync(now)

    assert result == SyncResult(added=0, removed=0, updated=1, total=2)
    assert armed(redis) == before


def test_an_entry_without_a_schedule_is_removed_and_a_wake_up_is_left(
    app: Flask, redis: Redis, now: datetime
) -> None:
    sync(now)
    schedule.wake("c.by_hand", now + MINUTE)
    redis.zadd(timetable.ENTRIES, {"schedule-old.one": now.timestamp()})

    result = sync(now)

    assert result == SyncResult(added=0, removed=1, updated=0, total=2)
    assert redis.zcard(timetable.ENTRIES) == 3


def test_an_entry_whose_schedule_goes_while_it_is_put_is_taken_back(
    app: Flask, redis: Redis, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(now)
    timetable.remove(redis, armed(redis))
    put = timetable.put

    def put_late(*arguments: object) -> None:
        with transaction() as session:
            session.query(Schedule).delete()
        put(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(timetable, "put", put_late)
    mirror.mirror()

    assert armed(redis) == {}


def test_a_definition_that_cannot_be_used_does_not_stop_the_others(
    app: Flask, redis: Redis, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(app, monkeypatch, spec("a.minutely", Timing(cron="not a cron")), spec("b.hourly", HOURLY))

    result = sync(now)

    assert result.added == 1
    assert list(armed(redis)) == ["schedule-b.hourly"]


def test_a_definition_that_became_unusable_leaves_the_old_one_running(
    app: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(now)
    use(app, monkeypatch, spec("a.minutely", Timing(cron="61 * * * *")), spec("b.hourly", HOURLY))

    result = sync(now)

    assert (result.updated, stored("a.minutely").cron) == (0, "* * * * *")


def test_a_clock_that_was_ahead_and_came_back_does_not_silence_a_schedule(app: Flask, now: datetime) -> None:
    sync(now)
    next_year = now + timedelta(days=365)
    change("a.minutely", last_at=next_year, next_at=next_year + MINUTE)

    result = sync(now)

    assert result.updated == 1
    assert stored("a.minutely").next_at == now + MINUTE


def test_two_syncs_at_once_make_each_schedule_once(app: Flask, redis: Redis, now: datetime) -> None:
    both = threading.Barrier(2)

    def sync_in_a_thread(number: int) -> int:
        with app.app_context():
            both.wait()
            return sync(now).total

    with ThreadPoolExecutor(2) as threads:
        totals = list(threads.map(sync_in_a_thread, range(2)))

    assert totals == [2, 2]
    assert db.session.query(Schedule).count() == 2
    assert len(armed(redis)) == 2


def test_without_redis_the_rows_are_right_and_the_caller_is_told(
    app: Flask, redis: Redis, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: object, **kwargs: object) -> None:
        raise RedisConnectionError("gone")

    monkeypatch.setattr(redis, "zrange", away)

    with pytest.raises(Unavailable):
        sync(now)

    assert stored("a.minutely").next_at == now + MINUTE


def test_pausing_takes_the_schedule_out_at_once_and_is_on_record(
    app: Flask, redis: Redis, now: datetime
) -> None:
    sync(now)

    schedule.pause("a.minutely", actor="anna@school.example")

    assert list(armed(redis)) == ["schedule-b.hourly"]
    assert [(entry.actor, entry.action) for entry in entries_of("schedule:a.minutely")] == [
        ("anna@school.example", "schedule.pause")
    ]


def test_resuming_begins_at_the_next_occurrence_and_clears_failures(
    app: Flask, redis: Redis, now: datetime
) -> None:
    sync(now)
    schedule.pause("a.minutely", actor="anna@school.example")
    change("a.minutely", failures=3, last_error="boom")
    later = now + timedelta(hours=2)

    with clock.frozen(later):
        schedule.resume("a.minutely", actor="anna@school.example")

    resumed = stored("a.minutely")
    assert (resumed.next_at, resumed.failures, resumed.last_error) == (later + MINUTE, 0, None)
    assert armed(redis)["schedule-a.minutely"] == (later + MINUTE).timestamp()


def test_resuming_what_is_not_paused_skips_nothing(app: Flask, now: datetime) -> None:
    sync(now)

    with clock.frozen(now + timedelta(hours=2)):
        schedule.resume("a.minutely", actor="anna@school.example")

    assert stored("a.minutely").next_at == now + MINUTE


@pytest.mark.parametrize("act", [schedule.pause, schedule.resume])
def test_an_unknown_schedule_is_named_in_the_refusal(app: Flask, now: datetime, act: object) -> None:
    with pytest.raises(NotFound, match=r"no\.such"):
        act("no.such", actor="anna@school.example")  # type: ignore[operator]


def test_the_list_shows_each_rule_in_words_with_its_next_runs(app: Flask, now: datetime) -> None:
    sync(now)
    schedule.pause("b.hourly", actor="anna@school.example")

    minutely, hourly = schedule.listing(now, count=3)

    assert minutely.schedule.name == "a.minutely"
    assert minutely.words
    assert minutely.upcoming == [now + MINUTE, now + 2 * MINUTE, now + 3 * MINUTE]
    assert hourly.upcoming == []


def test_a_wake_up_is_armed_to_the_millisecond(app: Flask, redis: Redis, now: datetime) -> None:
    at = now + timedelta(seconds=90, milliseconds=250)

    schedule.wake("c.by_hand", at)

    assert redis.zrange(timetable.ENTRIES, 0, -1, withscores=True) == [
        (f"wake-c-by_hand-{round(at.timestamp() * 1000)}".encode(), at.timestamp())
    ]


def test_the_same_wake_up_twice_is_one_entry(app: Flask, redis: Redis, now: datetime) -> None:
    schedule.wake("c.by_hand", now)
    schedule.wake("c.by_hand", now)

    assert redis.zcard(timetable.ENTRIES) == 1


def test_a_wake_up_of_a_transaction_that_fails_is_not_armed(app: Flask, redis: Redis, now: datetime) -> None:
    with pytest.raises(ZeroDivisionError), transaction():
        schedule.wake("c.by_hand", now)
        raise ZeroDivisionError

    assert redis.zcard(timetable.ENTRIES) == 0


def test_a_wake_up_without_redis_is_given_up_quietly(
    app: Flask, redis: Redis, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: object, **kwargs: object) -> None:
        raise RedisConnectionError("gone")

    monkeypatch.setattr(redis, "zadd", away)

    schedule.wake("c.by_hand", now)

    assert redis.zcard(timetable.ENTRIES) == 0


def test_a_wake_up_needs_a_known_job_and_an_aware_time(app: Flask, now: datetime) -> None:
    with pytest.raises(Invalid, match="no job named"):
        schedule.wake("no.such", now)
    with pytest.raises(Invalid, match="instant"):
        schedule.wake("c.by_hand", now.replace(tzinfo=None))
