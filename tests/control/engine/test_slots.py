"""The places of a worker: how many runs it may hold, and what becomes of those that wait for a thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from edupulse.control.engine import slots as places
from edupulse.control.engine.board import Board
from edupulse.control.engine.slots import Slots
from edupulse.control.run import Outcome, Run
from edupulse.control.work import Work


class Jobs:
    """Jobs that end when they are let go, or at once."""

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.may_end.set()

    def perform(self, work: Work) -> Outcome:
        self.may_end.wait(10)
        return Outcome(work.run, "finished")


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    jobs = Jobs()
    yield jobs
    jobs.may_end.set()


@pytest.fixture
def slots(jobs: Jobs) -> Iterator[Slots]:
    slots = Slots(Board(2), jobs.perform, lambda: None)
    yield slots
    jobs.may_end.set()
    slots.close()


def run(number: int) -> Run:
    return Run(f"run-{number}", "a.job", "default", {}, 1)


def start(slots: Slots, *numbers: int) -> None:
    for number in numbers:
        slots.start(run(number), time.monotonic() + 60)


def until(seen: Callable[[], bool]) -> None:
    for _ in range(2000):
        if seen():
            return
        time.sleep(0.005)
    raise AssertionError("it did not come to that")


def after_a_short_job(slots: Slots) -> None:
    start(slots, 0)
    until(lambda: [one.run.id for one in slots.collect()] == ["run-0"])


def test_at_first_a_worker_takes_what_its_threads_can_do(slots: Slots) -> None:
    assert slots.room == 2


def test_while_jobs_are_short_as_many_again_may_wait(slots: Slots) -> None:
    after_a_short_job(slots)

    assert slots.room == 4


def test_behind_a_long_job_nothing_waits(slots: Slots, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    after_a_short_job(slots)
    jobs.may_end.clear()
    start(slots, 1)
    monkeypatch.setattr(places, "SHORT_SECONDS", 0.02)

    until(lambda: slots.room == 1)


def three_runs_in_two_threads(slots: Slots, jobs: Jobs) -> None:
    jobs.may_end.clear()
    start(slots, 1, 2, 3)
    until(lambda: sum(work.has_begun for work in slots.works) == 2)


def test_what_waits_in_vain_is_given_back_and_not_run(
    slots: Slots, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "WAITING_SECONDS", 0)
    three_runs_in_two_threads(slots, jobs)

    slots.send_back(all_of_them=False)
    (given_back,) = slots.collect()
    jobs.may_end.set()
    until(lambda: len(slots._ended) == 2)

    assert (given_back.run.id, given_back.state) == ("run-3", "returned")
    assert {one.run.id for one in slots.collect()} == {"run-1", "run-2"}


def test_a_run_that_has_ended_meanwhile_is_not_taken_back(jobs: Jobs) -> None:
    work = Work(run(1))
    work.carried_out(jobs.perform)

    assert not work.withdraw()
    assert work.carried_out(jobs.perform) is None  # it stays over


def test_what_waits_for_a_moment_is_left(slots: Slots, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "WAITING_SECONDS", 60)
    three_runs_in_two_threads(slots, jobs)

    slots.send_back(all_of_them=False)

    assert slots.collect() == []


def test_a_worker_that_must_end_gives_back_at_once_what_has_not_begun(slots: Slots, jobs: Jobs) -> None:
    jobs.may_end.clear()
    start(slots, 1, 2, 3, 4)
    until(lambda: sum(work.has_begun for work in slots.works) == 2)

    slots.send_back(all_of_them=True)

    assert [(one.run.id, one.state) for one in slots.collect()] == [
        ("run-3", "returned"),
        ("run-4", "returned"),
    ]
