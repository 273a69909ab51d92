"""Figures of jobs: exact at any moment, from whole hours and from what is not whole yet."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from edupulse import clock
from edupulse.control import ledger
from edupulse.control.actions import retry, retry_all
from edupulse.control.hours import count_hours
from edupulse.control.models import JobRun, JobStatistic
from edupulse.control.monitor import JobStatistics, RunFilter, statistics
from edupulse.control.statistics import spans
from edupulse.control.time_classes import class_of, longest, percentiles
from edupulse.database import db
from tests.control import many_runs
from tests.rows import a_run

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def a_done_run(
    run_id: str, at: datetime, state: str = "finished", wait: float = 1, took: float = 10, **values: Any
) -> JobRun:
    """Store a run that waited and took so many seconds."""
    begun = at + timedelta(seconds=wait)
    times = {"available_at": at, "started_at": begun, "ended_at": begun + timedelta(seconds=took)}
    return a_run(run_id, state, created_at=at, attempts=values.pop("attempts", 1), **times, **values)


def figures(since: datetime, until: datetime | None = None) -> JobStatistics:
    (found,) = statistics(since, until, "diagnostics.ping")
    return found


def test_runs_are_counted_by_what_became_of_them(app: Flask, now: datetime) -> None:
    at = now - 20 * MINUTE
    a_done_run("a", at), a_done_run("b", at, attempts=3), a_done_run("c", at, "failed", attempts=4)
    (
        a_run("d", "cancelled", created_at=at),
        a_run("e", "queued", created_at=at),
        a_run("f", "started", created_at=at),
    )

    found = figures(now - HOUR)

    assert (found.accepted, found.finished, found.failed, found.cancelled, found.open) == (6, 2, 1, 1, 2)
    assert found.failure_rate == pytest.approx(1 / 3)
    assert (found.retried, found.retried_finished, found.retry_success) == (2, 1, 0.5)


def test_without_an_ended_run_there_is_no_rate_and_no_time(app: Flask, now: datetime) -> None:
    a_run("a", "queued")

    found = figures(now - HOUR)

    assert (found.failure_rate, found.retry_success, found.wait, found.run) == (None, None, None, None)


def test_waiting_and_working_times_are_a_tenth_off_at_most(app: Flask, now: datetime) -> None:
    for number in range(100):
        a_done_run(f"run-{number:02}", now - 30 * MINUTE, wait=number / 10 + 0.05, took=60 * (number + 1))

    found = figures(now - HOUR)

    assert found.wait is not None
    assert found.run is not None
    assert (found.wait.p50, found.wait.p95) == (pytest.approx(4.95, rel=0.1), pytest.approx(9.45, rel=0.1))
    assert (found.run.p50, found.run.p99) == (pytest.approx(3000, rel=0.1), pytest.approx(5940, rel=0.1))


def test_what_a_person_left_and_what_never_began_has_no_times(app: Flask, now: datetime) -> None:
    at = now - 30 * MINUTE
    a_run("left", "failed", created_at=at, available_at=at + 9 * MINUTE, started_at=at, ended_at=now)
    a_run("called off", "cancelled", created_at=at, ended_at=now)

    assert (figures(now - HOUR).run, figures(now - HOUR).wait) == (None, None)


@pytest.mark.parametrize("seconds", [0.012, 0.03, 0.9, 1.0, 7.0, 59.0, 3599.0, 86_400.0, 2_000_000.0])
def test_a_class_is_told_by_its_middle_and_ends_above_what_lies_in_it(seconds: float) -> None:
    number = class_of(round(seconds * 1000))
    told = percentiles({number: 1})

    assert told is not None
    assert told.p50 == pytest.approx(round(seconds, 3), rel=0.1)
    assert longest(number - 1) <= round(seconds, 3) * 1.0001
    assert round(seconds, 3) < longest(number)


def test_an_hour_that_is_over_is_counted_once_and_told_the_same(app: Flask, now: datetime) -> None:
    for hours in range(5):
        a_done_run(f"run-{hours}", now - hours * HOUR - 20 * MINUTE, took=hours + 1)
    before = statistics(now - 6 * HOUR)

    counted = count_hours(now)

    assert (counted, count_hours(now)) == ({"hours": 4, "again": 0}, {"hours": 0, "again": 0})
    assert statistics(now - 6 * HOUR) == before
    assert before[0].finished == 5


def test_the_period_may_begin_and_end_within_hours(app: Flask, now: datetime) -> None:
    for number in range(24):
        a_done_run(f"run-{number:02}", now - 4 * HOUR + number * 10 * MINUTE)
    count_hours(now)

    assert figures(now - 200 * MINUTE, now - 100 * MINUTE).accepted == 10
    assert figures(now - 200 * MINUTE, now - 195 * MINUTE).accepted == 1


def test_a_period_in_a_zone_of_half_hours_ends_where_it_says(app: Flask, now: datetime) -> None:
    for number in range(24):
        a_done_run(f"run-{number:02}", now - 4 * HOUR + number * 10 * MINUTE)
    count_hours(now)
    india = timezone(timedelta(hours=5, minutes=30))

    for minutes in range(0, 240, 10):
        until = (now - 4 * HOUR + minutes * MINUTE).astimezone(india)
        counted = statistics(now - 5 * HOUR, until)
        assert sum(each.accepted for each in counted) == minutes // 10


def test_hours_that_were_counted_leave_only_what_lies_between() -> None:
    day = datetime.fromisoformat("2026-03-12T00:00:00+00:00")
    begin, counted = day + 30 * MINUTE, [day + HOUR, day + 2 * HOUR, day + 5 * HOUR]

    assert spans(begin, None, counted) == [
        (begin, day + HOUR),
        (day + 3 * HOUR, day + 5 * HOUR),
        (day + 6 * HOUR, None),
    ]
    assert spans(day, day + HOUR, []) == [(day, day + HOUR)]
    assert spans(day, day + HOUR, [day]) == []


def test_an_hour_with_an_open_run_is_not_whole_until_it_has_ended(app: Flask, now: datetime) -> None:
    at = now - 3 * HOUR
    a_done_run("a", at), a_run("b", "queued", created_at=at, available_at=at)
    count_hours(now)

    waiting = figures(at)
    begun = ledger.begin("b", "w1")
    assert begun is not None
    ledger.finish(begun, {})
    ended = figures(at)

    assert ((waiting.finished, waiting.open), (ended.finished, ended.open)) == ((1, 1), (2, 0))
    assert count_hours(now) == {"hours": 0, "again": 1}
    assert figures(at) == ended


@pytest.mark.parametrize("has_been_counted", [True, False])
def test_a_retry_by_hand_opens_its_hour_again(app: Flask, now: datetime, has_been_counted: bool) -> None:
    at = now - 3 * HOUR
    a_done_run("a", at, "failed"), a_done_run("b", at)
    if has_been_counted:
        count_hours(now)

    retry("a", "ada@school.example")
    opened = figures(at)
    begun = ledger.begin("a", "w1")
    assert begun is not None
    ledger.finish(begun, {})
    mended = figures(at)
    count_hours(now)

    assert (opened.failed, opened.open, opened.finished) == (0, 1, 1)
    assert (mended.failed, mended.open, mended.finished) == (0, 0, 2)
    assert figures(at) == mended
    assert all(db.session.scalars(select(JobStatistic.is_whole)))


def test_a_retry_in_the_present_hour_leaves_it_to_be_counted_when_it_is_over(
    app: Flask, now: datetime
) -> None:
    a_done_run("a", now, "failed")

    retry("a", "ada@school.example")
    begun = ledger.begin("a", "w1")
    assert begun is not None
    ledger.finish(begun, {})
    count_hours(now + MINUTE)
    a_done_run("b", now + 2 * MINUTE)

    assert figures(now - HOUR).finished == 2
    assert count_hours(now + 2 * HOUR)["hours"] == 1
    assert figures(now - HOUR).finished == 2


def test_many_retried_at_once_open_each_of_their_hours(app: Flask, now: datetime) -> None:
    for hours in range(1, 5):
        a_done_run(f"run-{hours}", now - hours * HOUR, "failed")
    count_hours(now)

    retry_all(RunFilter(state="failed"), "ada@school.example")

    assert (figures(now - 5 * HOUR).open, figures(now - 5 * HOUR).failed) == (4, 0)


def test_a_run_that_is_retried_while_its_hour_is_counted_is_not_forgotten(
    app: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edupulse.control import hours

    at, count = now - 3 * HOUR, hours.count_ended
    a_done_run("a", at, "failed")

    def count_and_be_overtaken(*conditions: Any) -> Any:
        found = count(*conditions)
        retry("a", "ada@school.example")
        return found

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(hours, "count_ended", count_and_be_overtaken)
        hours._count_hours([at])

    assert (figures(at).failed, figures(at).open) == (0, 1)


def test_over_many_days_hours_tell_what_plain_counting_tells(app: Flask, now: datetime) -> None:
    many_runs.fill(2_000, now, days=4)
    some = random.Random(7)
    periods = [(now - some.random() * 90 * HOUR, now - some.random() * 20 * HOUR) for _ in range(3)]
    with clock.frozen(now):
        before = [statistics(*period) for period in periods]
        count_hours(now)
        after = [statistics(*period) for period in periods]

    assert after == before
    assert all(len(found) >= 5 for found in after)
