"""Which occurrences run after a pause of the clock, and which count as missed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from edupulse.control.misfire import CATCH_UP_MOST, COUNTED_MOST, Decision, Missed, decide
from edupulse.control.occurrences import Rule, next_occurrence
from edupulse.errors import Conflict

NOON = datetime(2026, 3, 12, 12, 0, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
each_minute = partial(next_occurrence, Rule(cron="* * * * *"))
each_second = partial(next_occurrence, Rule(interval=1))


def after_six_hours(policy: str, max_lateness: timedelta = HOUR) -> Decision:
    return decide(each_minute, NOON - 6 * HOUR, NOON, policy=policy, max_lateness=max_lateness)


def test_an_occurrence_in_time_runs_and_nothing_is_missed() -> None:
    decision = decide(each_minute, NOON, NOON, policy="once", max_lateness=HOUR)

    assert decision == Decision((NOON,), None, last_at=NOON, next_at=NOON + MINUTE)


def test_once_runs_the_latest_for_all_that_were_missed() -> None:
    decision = after_six_hours("once")

    assert decision.run == (NOON,)
    assert decision.missed == Missed(NOON - 6 * HOUR, NOON - MINUTE, 360)
    assert (decision.last_at, decision.next_at) == (NOON, NOON + MINUTE)


def test_all_runs_what_is_not_too_late() -> None:
    decision = after_six_hours("all")

    assert decision.run == tuple(NOON - number * MINUTE for number in range(60, -1, -1))
    assert decision.missed == Missed(NOON - 6 * HOUR, NOON - 61 * MINUTE, 300)


def test_all_runs_no_more_than_its_limit_at_once() -> None:
    decision = after_six_hours("all", max_lateness=timedelta(days=1))

    assert len(decision.run) == CATCH_UP_MOST
    assert decision.missed is not None
    assert decision.missed.count == 361 - CATCH_UP_MOST


@pytest.mark.parametrize(("seconds_late", "runs"), [(0, 1), (60, 1), (61, 0)])
def test_skip_runs_only_what_is_on_time(seconds_late: int, runs: int) -> None:
    moment = NOON + timedelta(seconds=seconds_late)
    hourly = partial(next_occurrence, Rule(cron="0 * * * *"))

    decision = decide(hourly, NOON, moment, policy="skip", max_lateness=HOUR)

    assert len(decision.run) == runs
    assert (decision.missed is None) == bool(runs)
    assert decision.next_at == NOON + HOUR


@pytest.mark.parametrize("policy", ["once", "skip", "all"])
def test_nothing_runs_later_than_its_limit(policy: str) -> None:
    daily = partial(next_occurrence, Rule(cron="0 12 * * *"))
    moment = NOON + timedelta(seconds=31)

    decision = decide(daily, NOON, moment, policy=policy, max_lateness=timedelta(seconds=30))

    assert decision.run == ()
    assert decision.missed == Missed(NOON, NOON, 1)
    assert decision.next_at == NOON + timedelta(days=1)


@pytest.mark.parametrize("step", [timedelta(0), timedelta(seconds=-1)])
def test_a_time_that_does_not_advance_is_refused(step: timedelta) -> None:
    with pytest.raises(Conflict, match="must advance"):
        decide(lambda after: after + step, NOON, NOON, policy="once", max_lateness=HOUR)


def test_a_month_of_seconds_is_not_counted_one_by_one() -> None:
    asked = 0

    def counted(after: datetime) -> datetime:
        nonlocal asked
        asked += 1
        return each_second(after)

    decision = decide(counted, NOON - timedelta(days=30), NOON, policy="once", max_lateness=HOUR)

    assert decision.run == (NOON,)
    assert decision.next_at == NOON + timedelta(seconds=1)
    assert asked <= COUNTED_MOST + 24 * 3600 + 2
