"""Who is let go, and how: work is brought to its end unless its pool is stopped, and nobody misses the word."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest
from flask import Flask

from edupulse.control.engine import worker_process
from edupulse.control.engine.board import Board
from edupulse.control.engine.crew import Crew
from edupulse.control.engine.roster import Wish
from edupulse.control.engine.worker_process import RETIRE, TERMINATE, WorkerProcess

NIGHT = Wish(("email",), 1, "night")


class Wakeup:
    def close(self) -> None: ...


class Watched:
    """A crew whose workers are only numbers, and the signals that each of them gets."""

    def __init__(self) -> None:
        self.told: list[tuple[int, int]] = []
        self.crew = Crew(cast(Flask, None), self._start)
        self._pid = 0

    def arrange(self, *wishes: Wish) -> None:
        self.crew.arrange(wishes)
        self.crew.fill(Wakeup())

    def _start(self, wish: Wish, foreign: Any) -> WorkerProcess:
        self._pid += 1
        return WorkerProcess(self._pid, "t", wish, Board(1), cast(Any, Control()))


class Control:
    def setblocking(self, on: bool) -> None: ...


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    watched = Watched()
    monkeypatch.setattr(worker_process.os, "kill", lambda pid, number: watched.told.append((pid, number)))
    return watched


def test_a_worker_that_was_too_young_to_hear_that_it_is_replaced_is_told_again(watched: Watched) -> None:
    watched.arrange(NIGHT)
    watched.arrange(replace(NIGHT, renewals=1))

    watched.arrange(replace(NIGHT, renewals=1))

    assert watched.told[-2:] == [(1, RETIRE), (1, RETIRE)]
    assert [worker.pid for worker in watched.crew.living] == [2, 1]


def test_ten_restarts_at_once_replace_each_worker_once(watched: Watched) -> None:
    watched.arrange(NIGHT)

    watched.arrange(replace(NIGHT, renewals=10))
    watched.arrange(replace(NIGHT, renewals=10))

    assert [worker.pid for worker in watched.crew.living] == [2, 1]


def test_a_pool_that_is_restarted_and_then_stopped_ends_also_those_that_finish_their_work(
    watched: Watched,
) -> None:
    watched.arrange(NIGHT)
    watched.arrange(replace(NIGHT, renewals=1))

    watched.arrange(replace(NIGHT, renewals=1, processes=0))

    assert {(1, TERMINATE), (2, TERMINATE)} <= set(watched.told)


@pytest.mark.parametrize("wishes", [[replace(NIGHT, queues=("reports",))], []], ids=["changed", "removed"])
def test_a_pool_that_is_changed_or_removed_brings_its_work_to_its_end(
    watched: Watched, wishes: list[Wish]
) -> None:
    watched.arrange(NIGHT)

    watched.arrange(*wishes)

    assert set(watched.told) == {(1, RETIRE)}


def test_a_pool_that_was_removed_and_made_anew_at_once_has_new_workers(watched: Watched) -> None:
    watched.arrange(replace(NIGHT, renewals=3))

    watched.arrange(NIGHT)

    assert (1, RETIRE) in watched.told
