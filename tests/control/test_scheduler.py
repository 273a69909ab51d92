"""The clock: each occurrence is accepted once, whatever stands in the timetable and whatever is away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy.exc import OperationalError

from edupulse import clock
from edupulse.control import dispatch, firing, ledger, rounds, schedule, timetable, workers
from edupulse.control.catalog import Timing
from edupulse.control.enqueue import enqueue
from edupulse.control.models import JobRun, Schedule, Worker
from edupulse.control.scheduler import LONGEST_PAUSE, ClockScheduler
from edupulse.database import db
from edupulse.errors import Conflict
from edupulse.transaction import transaction
from tests.control.schedules import MINUTELY, armed, occurrences, runs, spec, stored, use

pytestmark = pytest.mark.real_redis
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
QUEUE = "rq:queue:default"


class Hands:
    """The machine's clock, moved by the test."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def hands() -> Iterator[Hands]:
    hands = Hands(datetime(2026, 3, 12, 9, 0, tzinfo=UTC))
    with clock.running_on(hands):
        yield hands


@pytest.fixture
def catalog(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that makes the catalog: names with their timings, and a job that has none."""

    def make(**timings: Timing) -> None:
        timed = [spec(name.replace("_", "."), timing) for name, timing in timings.items()]
        use(app, monkeypatch, spec("c.by_hand"), *timed)

    make(a_minutely=MINUTELY)
    return make


@pytest.fixture
def scheduler(app: Flask, real_redis: Redis, hands: Hands, catalog: Callable[..., None]) -> ClockScheduler:
    return ClockScheduler(app, real_redis)


def write(name: str, **values: object) -> None:
    with transaction() as session:
        for key, value in values.items():
            setattr(session.get_one(Schedule, name), key, value)


def tick_at(scheduler: ClockScheduler, hands: Hands, at: datetime) -> None:
    hands.at = at
    scheduler.tick()


# Occurrences


def test_each_occurrence_is_accepted_once_and_reaches_its_queue(
    scheduler: ClockScheduler, hands: Hands, real_redis: Redis
) -> None:
    start = hands.at
    for second in range(0, 181, 20):
        tick_at(scheduler, hands, start + second * SECOND)

    assert occurrences("a.minutely") == ["09:01:00", "09:02:00", "09:03:00"]
    assert real_redis.lrange(QUEUE, 0, -1) == [run.id.encode() for run in runs()]
    assert stored("a.minutely").last_at == start + 3 * MINUTE
    assert armed(real_redis) == {"schedule-a.minutely": (start + 4 * MINUTE).timestamp()}


def test_a_crash_between_the_database_and_redis_is_mended_without_a_second_run(
    scheduler: ClockScheduler, hands: Hands, real_redis: Redis
) -> None:
    scheduler.tick()
    hands.at += MINUTE
    firing.fire("a.minutely", hands.at)  # and then nothing reached Redis

    scheduler.tick()

    assert occurrences("a.minutely") == ["09:01:00"]
    assert armed(real_redis)["schedule-a.minutely"] == (hands.at + MINUTE).timestamp()


def test_a_second_scheduler_finds_nothing_left_to_do(scheduler: ClockScheduler, hands: Hands) -> None:
    scheduler.tick()
    hands.at += MINUTE

    first, second = firing.fire("a.minutely", hands.at), firing.fire("a.minutely", hands.at)

    assert first == second == hands.at + MINUTE
    assert occurrences("a.minutely") == ["09:01:00"]


def test_a_move_that_another_scheduler_made_meanwhile_is_not_made_again(
    scheduler: ClockScheduler, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler.tick()
    hands.at += MINUTE
    monkeypatch.setattr(firing, "_move_on", lambda *args: False)  # the guard of the row has refused

    firing.fire("a.minutely", hands.at)

    assert runs() == []


def test_spring_and_autumn_bring_no_storm_and_no_gap(
    scheduler: ClockScheduler,
    hands: Hands,
    catalog: Callable[..., None],
    change_settings: Callable[..., None],
) -> None:
    change_settings(timezone="Europe/Berlin")
    catalog(
        a_hourly=Timing(cron="0 * * * *", overlap="allow"),
        b_nightly=Timing(cron="30 2 * * *", overlap="allow"),
    )
    for day in (datetime(2026, 3, 28, 22, 30, tzinfo=UTC), datetime(2026, 10, 24, 22, 30, tzinfo=UTC)):
        with transaction() as session:
            session.query(Schedule).delete()
        tick_at(scheduler, hands, day)
        schedule.sync(day)
        for step in range(1, 31):
            tick_at(scheduler, hands, day + step * 10 * MINUTE)

    assert len(occurrences("a.hourly")) == 10
    assert occurrences("b.nightly") == ["01:30:00", "00:30:00"]


# Missed occurrences


@pytest.mark.parametrize(
    ("policy", "accepted", "missed"),
    [("once", ["15:00:00"], 359), ("skip", ["15:00:00"], 359), ("all", None, 299)],
)
def test_after_six_hours_each_policy_does_what_it_says_and_the_rest_is_on_record(
    scheduler: ClockScheduler,
    hands: Hands,
    catalog: Callable[..., None],
    policy: str,
    accepted: list[str] | None,
    missed: int,
) -> None:
    catalog(a_minutely=Timing(cron="* * * * *", misfire=policy, max_lateness_seconds=3600))
    scheduler.tick()

    tick_at(scheduler, hands, hands.at + 6 * HOUR)

    assert occurrences("a.minutely") == (
        accepted or [f"14:{minute:02}:00" for minute in range(60)] + ["15:00:00"]
    )
    (record,) = runs(state="cancelled")
    assert (record.name, record.error_class, record.ended_at) == ("a.minutely", "Missed", hands.at)
    assert str(record.error_message).startswith(
        f"{missed} occurrences were missed, from 2026-03-12 09:01:00 to"
    )


def test_a_record_of_missed_occurrences_never_reaches_a_queue(
    scheduler: ClockScheduler, hands: Hands, catalog: Callable[..., None], real_redis: Redis
) -> None:
    catalog(a_minutely=Timing(cron="* * * * *", misfire="skip"))
    scheduler.tick()

    tick_at(scheduler, hands, hands.at + 6 * HOUR + 30 * SECOND)
    tick_at(scheduler, hands, hands.at + 20 * SECOND)

    assert real_redis.llen(QUEUE) == len(runs()) == 1


# Wake-ups


def test_a_wake_up_becomes_one_run_and_leaves_the_timetable(
    scheduler: ClockScheduler, hands: Hands, real_redis: Redis
) -> None:
    at = hands.at + timedelta(seconds=2.5)
    schedule.wake("c.by_hand", at)

    tick_at(scheduler, hands, hands.at + 2 * SECOND)
    early = runs("c.by_hand")
    tick_at(scheduler, hands, at)
    tick_at(scheduler, hands, at + SECOND)

    assert early == []
    assert [run.occurrence_key for run in runs("c.by_hand")] == [timetable.wake_entry("c.by_hand", at)]
    assert list(armed(real_redis)) == ["schedule-a.minutely"]
    assert real_redis.zcard(timetable.ENTRIES) == 1


def test_wake_ups_that_piled_up_become_one_run_per_job(
    scheduler: ClockScheduler, hands: Hands, real_redis: Redis
) -> None:
    for seconds in range(50):
        schedule.wake("c.by_hand", hands.at + seconds * SECOND)

    tick_at(scheduler, hands, hands.at + 50 * SECOND)

    latest = timetable.wake_entry("c.by_hand", hands.at - SECOND)
    assert [run.occurrence_key for run in runs("c.by_hand")] == [latest]
    assert real_redis.zcard(timetable.ENTRIES) == 1


def test_a_crash_after_the_run_was_accepted_does_not_wake_twice(
    scheduler: ClockScheduler, hands: Hands
) -> None:
    schedule.wake("c.by_hand", hands.at)
    firing.fire_wakes([timetable.wake_entry("c.by_hand", hands.at)])  # and then the entry was not removed

    scheduler.tick()

    assert len(runs("c.by_hand")) == 1


# Entries that cannot be used


@pytest.mark.parametrize(
    "poison", [b"\xff\xfe", b"", b"some-rq-job", b"wake-no-such-1", b"wake-", b"x" * 10_000]
)
def test_a_poisonous_entry_is_put_aside_after_three_failures_and_stops_nobody(
    scheduler: ClockScheduler, hands: Hands, real_redis: Redis, poison: bytes
) -> None:
    scheduler.tick()
    real_redis.zadd(timetable.ENTRIES, {poison: 1})

    for _ in range(2):
        tick_at(scheduler, hands, hands.at + MINUTE)
    before = real_redis.zscore(timetable.ENTRIES, poison)
    tick_at(scheduler, hands, hands.at + MINUTE)

    assert before == 1
    assert real_redis.zscore(timetable.ENTRIES, poison) is None
    assert [entry.encode("utf-8", "surrogateescape") for entry in timetable.quarantined(real_redis)] == [
        poison
    ]
    assert occurrences("a.minutely") == ["09:01:00", "09:02:00", "09:03:00"]


@pytest.mark.parametrize("entry", [b"schedule-old.one", b"schedule-", b"schedule-\xff"])
def test_an_entry_of_a_schedule_that_does_not_exist_is_removed(
    scheduler: ClockScheduler, hands: Hands, real_redis: Redis, entry: bytes
) -> None:
    scheduler.tick()
    real_redis.zadd(timetable.ENTRIES, {entry: 1})

    tick_at(scheduler, hands, hands.at + rounds.RECONCILE_EVERY)

    assert list(armed(real_redis)) == ["schedule-a.minutely"]
    assert timetable.quarantined(real_redis) == {}


def test_a_schedule_whose_time_would_not_advance_is_refused_marked_and_put_aside(
    scheduler: ClockScheduler, hands: Hands, real_redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler.tick()
    monkeypatch.setattr(firing, "next_occurrence", lambda rule, after: after)
    hands.at += MINUTE

    for _ in range(3):
        scheduler.tick()

    assert runs() == []
    assert stored("a.minutely").failures == 3
    assert "must advance" in str(stored("a.minutely").last_error)
    assert armed(real_redis) == {}


def test_a_schedule_that_was_put_aside_gets_another_chance_at_the_next_sync(
    scheduler: ClockScheduler, hands: Hands, real_redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler.tick()
    with monkeypatch.context() as fault:
        fault.setattr(firing, "next_occurrence", lambda rule, after: after)
        for _ in range(5):
            tick_at(scheduler, hands, hands.at + 20 * SECOND)
        aside = armed(real_redis)
        for _ in range(3):
            tick_at(scheduler, hands, hands.at + 20 * SECOND)

    tick_at(scheduler, hands, hands.at + rounds.SYNC_EVERY)

    assert aside == {}
    assert len(runs("a.minutely")) == 1
    assert (stored("a.minutely").failures, stored("a.minutely").last_error) == (0, None)
    assert timetable.quarantined(real_redis) == {}


def test_a_schedule_that_was_paused_a_moment_ago_does_not_run(
    scheduler: ClockScheduler, hands: Hands, real_redis: Redis
) -> None:
    scheduler.tick()
    write("a.minutely", enabled=False)  # and Redis was not told

    tick_at(scheduler, hands, hands.at + MINUTE)

    assert runs() == []
    assert armed(real_redis) == {}


# Leading


def test_who_does_not_lead_does_nothing(
    scheduler: ClockScheduler, hands: Hands, app: Flask, real_redis: Redis
) -> None:
    scheduler.tick()
    other = ClockScheduler(app, real_redis)

    tick_at(other, hands, hands.at + MINUTE)

    assert runs() == []
    assert not other.lease.held


def test_a_leader_that_loses_the_lease_stops_between_two_entries(
    scheduler: ClockScheduler,
    hands: Hands,
    catalog: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    catalog(a_minutely=MINUTELY, b_minutely=MINUTELY)
    scheduler.tick()
    fire = firing.fire

    def fire_and_lose(name: str, moment: datetime) -> datetime | None:
        scheduler.lease._held_until = 0.0
        return fire(name, moment)

    monkeypatch.setattr(dispatch, "fire", fire_and_lose)
    tick_at(scheduler, hands, hands.at + MINUTE)

    assert [run.name for run in runs()] == ["a.minutely"]


def test_after_redis_was_emptied_the_next_round_restores_it_and_loses_no_occurrence(
    scheduler: ClockScheduler, hands: Hands, real_redis: Redis
) -> None:
    scheduler.tick()
    real_redis.flushall()

    tick_at(scheduler, hands, hands.at + MINUTE)

    assert occurrences("a.minutely") == ["09:01:00"]
    assert list(armed(real_redis)) == ["schedule-a.minutely"]


def test_a_scheduler_shows_itself_in_redis_and_in_the_database(
    scheduler: ClockScheduler, hands: Hands, real_redis: Redis, app: Flask
) -> None:
    with workers.present("scheduler"):
        scheduler.tick()

    facts = real_redis.hgetall(f"rq:scheduler_instance:{scheduler.name}")
    assert (float(facts[b"last_tick"]), facts[b"leads"]) == (hands.at.timestamp(), b"1")
    assert 0 < real_redis.ttl(f"rq:scheduler_instance:{scheduler.name}") <= 60
    assert db.session.get_one(Worker, scheduler.name).last_tick_at == hands.at


# Pauses, outages, duties


def test_it_sleeps_to_the_next_second_or_to_the_next_armed_instant(
    scheduler: ClockScheduler, hands: Hands
) -> None:
    hands.at += timedelta(milliseconds=300)
    until_second = scheduler.tick()
    schedule.wake("c.by_hand", hands.at + timedelta(milliseconds=250))
    until_armed = scheduler.tick()

    assert until_second == pytest.approx(0.7)
    assert until_armed == pytest.approx(0.25)


def test_a_failing_entry_does_not_make_it_spin(
    scheduler: ClockScheduler, hands: Hands, real_redis: Redis
) -> None:
    scheduler.tick()
    real_redis.zadd(timetable.ENTRIES, {"poison": 1})

    assert scheduler.tick() == 1.0


@pytest.mark.parametrize(
    "outage", [RedisConnectionError("gone"), OperationalError("select", {}, Exception("gone"))]
)
def test_an_outage_is_waited_for_longer_and_longer_and_then_over(
    scheduler: ClockScheduler, hands: Hands, monkeypatch: pytest.MonkeyPatch, outage: Exception
) -> None:
    def fail(*args: object) -> None:
        raise outage

    scheduler.tick()
    hands.at += MINUTE
    with monkeypatch.context() as fault:
        fault.setattr(dispatch, "fire", fail)
        pauses = [scheduler._guarded_tick() for _ in range(6)]
        led_meanwhile = scheduler.lease.held

    scheduler._guarded_tick()

    assert pauses == [0.5, 1.0, 2.0, 4.0, LONGEST_PAUSE, LONGEST_PAUSE]
    assert not led_meanwhile
    assert occurrences("a.minutely") == ["09:01:00"]
    assert (stored("a.minutely").failures, scheduler.failed_rounds) == (0, 0)


def test_a_fault_in_one_duty_stops_neither_entries_nor_other_duties(
    scheduler: ClockScheduler, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(moment: datetime) -> None:
        raise ZeroDivisionError

    scheduler.tick()
    monkeypatch.setattr(rounds, "reconcile", broken)
    monkeypatch.setattr(ledger, "release_due", broken)

    tick_at(scheduler, hands, hands.at + MINUTE)

    assert occurrences("a.minutely") == ["09:01:00"]


def test_a_run_that_waits_for_its_next_attempt_is_released_in_time(
    scheduler: ClockScheduler, hands: Hands, real_redis: Redis
) -> None:
    run = ledger.begin(enqueue("c.by_hand").id, "w1")
    assert run is not None
    ledger.fail(run, ConnectionResetError("peer went away"))
    real_redis.delete(QUEUE)

    tick_at(scheduler, hands, hands.at + 40 * SECOND)

    assert real_redis.lrange(QUEUE, 0, -1) == [run.id.encode()]


class Steady:
    """The machine's steady clock, moved with the hands."""

    def __init__(self, hands: Hands) -> None:
        self.hands, self.start = hands, hands.at

    def __call__(self) -> float:
        return (self.hands.at - self.start).total_seconds()


def tick_for(scheduler: ClockScheduler, hands: Hands, seconds: int) -> None:
    for _ in range(0, seconds, 5):
        hands.at += 5 * SECOND
        scheduler.tick()


def lost_run(worker: str = "gone") -> str:
    """Return the id of a run whose worker is not there any more."""
    run = ledger.begin(enqueue("c.by_hand").id, worker)
    assert run is not None
    return run.id


def state_of(run_id: str) -> str:
    db.session.rollback()
    return db.session.get_one(JobRun, run_id, populate_existing=True).state


def test_a_dead_worker_is_found_within_a_minute(
    scheduler: ClockScheduler, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler.rounds, "_steady", Steady(hands))
    tick_for(scheduler, hands, 60)
    run_id = lost_run()

    tick_for(scheduler, hands, 20)

    assert state_of(run_id) == "queued"


def test_a_scheduler_that_just_started_waits_until_the_living_can_have_been_heard(
    scheduler: ClockScheduler, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler.rounds, "_steady", Steady(hands))
    run_id = lost_run()

    tick_for(scheduler, hands, 25)
    early = state_of(run_id)
    tick_for(scheduler, hands, 35)

    assert (early, state_of(run_id)) == ("started", "queued")


def test_after_a_gap_in_its_own_rounds_it_believes_in_no_death_at_first(
    scheduler: ClockScheduler, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler.rounds, "_steady", Steady(hands))
    tick_for(scheduler, hands, 60)
    run_id = lost_run()
    hands.at += 10 * MINUTE  # the database, the process or the whole machine was away

    tick_for(scheduler, hands, 25)
    early = state_of(run_id)
    tick_for(scheduler, hands, 35)

    assert (early, state_of(run_id)) == ("started", "queued")


def test_a_standby_is_heard_too_so_that_it_can_judge_when_it_takes_over(
    scheduler: ClockScheduler, hands: Hands, app: Flask, real_redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    standby = ClockScheduler(app, real_redis)
    monkeypatch.setattr(standby.rounds, "_steady", Steady(hands))
    for _ in range(12):
        hands.at += 5 * SECOND
        scheduler.tick()
        standby.tick()
    run_id = lost_run()
    scheduler.lease.release()

    standby.tick()

    assert standby.rounds.leading
    assert state_of(run_id) == "queued"


def test_a_clock_that_jumps_back_does_not_silence_the_duties() -> None:
    each = rounds.Each(MINUTE)
    at = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)

    answers = [each.is_due(moment) for moment in (at, at + 59 * SECOND, at + MINUTE, at - HOUR, at - HOUR)]

    assert answers == [True, False, True, True, False]


@pytest.mark.parametrize(
    "way_in", ["cron", "schedule", "enqueue_at", "enqueue_in", "get_jobs", "acquire_lock"]
)
def test_rq_schedulers_own_ways_are_refused(scheduler: ClockScheduler, way_in: str) -> None:
    with pytest.raises(Conflict, match="in the database"):
        getattr(scheduler, way_in)("* * * * *", print)
