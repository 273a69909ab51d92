"""What must not go on is stopped: a word first, then an interruption, then the whole worker."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask

from edupulse.control.catalog import JobSpec
from edupulse.control.engine import overseer as overseeing
from edupulse.control.engine.overseer import Overseer
from edupulse.control.interruptions import (
    Cancelled,
    SoftTimeLimitExceeded,
    TimeLimitExceeded,
    WorkerStopping,
)
from edupulse.control.models import JobRun
from edupulse.control.run import Run
from edupulse.control.work import Work
from edupulse.transaction import transaction
from tests.control.schedules import spec, use
from tests.control.test_ledger import begun


class Sitting:
    """The slots of a worker, without threads: one work, and what is done to it."""

    def __init__(self, run: Run) -> None:
        self.work = Recorder(run)
        self.given_up = False

    @property
    def works(self) -> list[Work]:
        return [self.work]

    def give_up(self, work: Work) -> None:
        self.given_up = work is self.work


class Recorder(Work):
    """Notes the interruptions instead of raising them."""

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self.began = 0.0
        self.raised: list[type[BaseException]] = []
        self.may_be_interrupted = True

    @property
    def seconds(self) -> float:
        return overseeing.time.monotonic() - self.began

    def interrupt(self, error: type[BaseException], reason: str) -> bool:
        if self.may_be_interrupted:
            self.raised.append(error)
        return self.may_be_interrupted


class Clock:
    def __init__(self) -> None:
        self.second = 0.0

    def monotonic(self) -> float:
        return self.second


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(overseeing, "time", clock)
    return clock


@pytest.fixture
def sitting(app: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Sitting:
    job: JobSpec = spec("a.job", soft_limit_seconds=60, hard_limit_seconds=90)
    use(app, monkeypatch, job)
    return Sitting(begun("a.job"))


@pytest.fixture
def look_at(sitting: Sitting, clock: Clock) -> Callable[[float], list[type[BaseException]]]:
    """Return a function that lets the overseer look at a second, and returns what was raised so far."""
    overseer = Overseer(sitting)  # type: ignore[arg-type]

    def look(second: float) -> list[type[BaseException]]:
        clock.second = second
        overseer.look()
        return sitting.work.raised

    look.overseer = overseer  # type: ignore[attr-defined]
    return look


Look = Callable[[float], list[type[BaseException]]]


def test_the_soft_limit_is_raised_once_and_the_hard_one_after_it(sitting: Sitting, look_at: Look) -> None:
    seen = [list(look_at(second)) for second in (59, 60, 61, 89, 90)]

    assert seen == [
        [],
        [SoftTimeLimitExceeded],
        [SoftTimeLimitExceeded],
        [SoftTimeLimitExceeded],
        [SoftTimeLimitExceeded, TimeLimitExceeded],
    ]


def test_a_measure_that_could_not_be_taken_is_tried_at_the_next_look(sitting: Sitting, look_at: Look) -> None:
    sitting.work.may_be_interrupted = False
    look_at(60)
    sitting.work.may_be_interrupted = True

    assert look_at(61) == [SoftTimeLimitExceeded]


def test_a_wish_to_cancel_in_the_ledger_is_found_without_any_message(sitting: Sitting, look_at: Look) -> None:
    with transaction() as session:
        row = session.get_one(JobRun, sitting.work.run.id)
        row.cancel_requested_at, row.cancel_actor = row.created_at, "ann"

    look_at(3)

    assert sitting.work.stop_reason == "Stopped by ann."


def test_who_does_not_stop_by_itself_is_interrupted_and_in_the_end_given_up(
    sitting: Sitting, look_at: Look
) -> None:
    look_at.overseer.hear_of_cancellation(sitting.work.run.id)  # type: ignore[attr-defined]
    look_at(1)

    polite = list(look_at(5))
    firm = list(look_at(6))
    before = sitting.given_up
    look_at(11)

    assert (polite, firm) == ([], [Cancelled])
    assert (before, sitting.given_up) == (False, True)


def test_when_the_worker_must_end_jobs_have_their_grace(
    sitting: Sitting, look_at: Look, change_settings: Callable[..., None]
) -> None:
    change_settings(worker_grace=20.0)
    look_at(1)
    look_at.overseer.stop()  # type: ignore[attr-defined]

    assert list(look_at(20)) == []
    assert list(look_at(21)) == [WorkerStopping]
