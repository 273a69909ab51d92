"""A schedule does not overlap itself: what falls due while the run before is open is noted, not run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from edupulse import clock
from edupulse.control import firing, ledger, schedule
from edupulse.control.catalog import Timing
from edupulse.control.models import JobRun
from edupulse.database import db
from tests.control.schedules import runs, spec, stored, use

SECOND = timedelta(seconds=1)


@pytest.fixture
def each_second(app: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that schedules the job a.check each second."""

    def make(**values: object) -> None:
        use(app, monkeypatch, spec("a.check", Timing(interval_seconds=1, **values)))  # type: ignore[arg-type]
        schedule.sync(now)

    return make


def lines() -> list[JobRun]:
    db.session.rollback()
    return list(db.session.scalars(select(JobRun).where(JobRun.error_class == "Missed").order_by(JobRun.id)))


def test_three_workers_never_run_a_five_second_job_of_each_second_twice_at_once(
    each_second: Callable[..., None], now: datetime
) -> None:
    each_second()
    at_once, busy_until = 0, {}
    for step in range(1, 31):
        moment = now + step * SECOND
        with clock.frozen(moment):
            for run, end in list(busy_until.values()):
                if end <= moment:
                    ledger.finish(run, None)
                    del busy_until[run.id]
            firing.fire("a.check", moment)
            for worker in ("w1", "w2", "w3"):
                for waiting in runs("a.check"):
                    begun = ledger.begin(waiting.id, worker)
                    if begun is not None:
                        busy_until[begun.id] = (begun, moment + 5 * SECOND)
        at_once = max(at_once, len(busy_until))

    assert at_once == 1
    assert len(runs("a.check", "finished")) == 5
    assert sum(line.result["count"] for line in lines() if line.result) == 30 - 6


def test_what_was_skipped_stands_in_the_history_with_the_reason(
    each_second: Callable[..., None], now: datetime
) -> None:
    each_second()
    for step in (1, 2, 3):
        firing.fire("a.check", now + step * SECOND)

    (before,) = runs("a.check")
    (line,) = lines()
    assert (line.state, line.name, line.available_at) == ("cancelled", "a.check", now + 2 * SECOND)
    assert line.error_message == (
        "2 occurrences were missed, from 2026-03-12 09:00:02 to 2026-03-12 09:00:03 UTC "
        f"(the run before was not over: {before.id})."
    )
    assert stored("a.check").last_at == now + 3 * SECOND


def test_when_the_run_before_is_over_the_next_one_comes(
    each_second: Callable[..., None], now: datetime
) -> None:
    each_second()
    firing.fire("a.check", now + SECOND)
    run = ledger.begin(runs("a.check")[0].id, "w1")
    assert run is not None
    ledger.finish(run, None)

    firing.fire("a.check", now + 2 * SECOND)

    assert len(runs("a.check")) == 1
    assert lines() == []


def test_a_schedule_that_may_overlap_runs_each_time(each_second: Callable[..., None], now: datetime) -> None:
    each_second(overlap="allow")

    for step in (1, 2, 3):
        firing.fire("a.check", now + step * SECOND)

    assert [run.unique_key for run in runs("a.check")] == [None, None, None]


def test_where_every_missed_occurrence_is_made_up_for_they_have_room(
    each_second: Callable[..., None], now: datetime
) -> None:
    each_second(misfire="all")

    firing.fire("a.check", now + 4 * SECOND)

    assert len(runs("a.check")) == 4


def test_a_changed_policy_reaches_the_row(
    each_second: Callable[..., None], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    each_second()
    before = stored("a.check").overlap

    each_second(overlap="allow")

    assert (before, stored("a.check").overlap) == ("skip", "allow")
    assert stored("a.check").next_at == now + SECOND


def test_the_same_occurrence_twice_is_no_overlap(each_second: Callable[..., None], now: datetime) -> None:
    each_second()
    firing.fire("a.check", now + SECOND)
    with db.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM schedule")
    schedule.sync(now)  # the row came back with its place lost

    firing.fire("a.check", now + SECOND)

    assert (len(runs("a.check")), lines()) == (1, [])
