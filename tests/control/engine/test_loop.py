"""The worker's own thread bears outages: what has ended is told to the ledger first, and nothing is done twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from flask import Flask
from redis.exceptions import ConnectionError as RedisAway
from sqlalchemy.exc import OperationalError

from edupulse.control import ledger
from edupulse.control.engine import audit as auditing
from edupulse.control.engine import loop as looping
from edupulse.control.engine.board import Board
from edupulse.control.engine.loop import Loop
from edupulse.control.engine.transport import Ended, Taken
from edupulse.control.enqueue import enqueue_many
from edupulse.control.execution import perform
from edupulse.control.run import Outcome, Run
from edupulse.control.work import Work
from tests.control.test_ledger import stored


class Named:
    name = "w1"


class FakeTransport:
    """Redis as a list, which may be away."""

    def __init__(self, worker: object, wakeup: object, **callbacks: object) -> None:
        self.waiting: list[str] = []
        self.ended: list[str] = []
        self.was_empty = False
        self.away = False
        self.calls = 0

    def open(self) -> None: ...

    def close(self) -> None: ...

    def wait(self, seconds: float) -> None: ...

    def turn(self, ended: Sequence[Ended], want: int) -> list[Taken]:
        if self.away:
            raise RedisAway("connection refused")
        self.calls += 1
        self.ended += [one.taken.run_id for one in ended]
        given, self.waiting = self.waiting[:want], self.waiting[want:]
        self.was_empty = len(given) < want
        return [Taken(run_id, "default", f"e{self.calls}-{run_id}") for run_id in given]


Make = Callable[..., tuple[Loop, FakeTransport]]


@pytest.fixture
def make(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.setattr(looping, "Transport", FakeTransport)
    monkeypatch.setattr(looping, "LONGEST_PAUSE", 0.01)
    monkeypatch.setattr(looping, "FIRST_PAUSE", 0.01)

    def make(*, job: Callable[[Work], Outcome] | None = None) -> tuple[Loop, FakeTransport]:
        loop = Loop(app, Named(), job or (lambda work: perform(app, work)), Board(2), burst=True)  # type: ignore[arg-type]
        transport: FakeTransport = loop._transport  # type: ignore[assignment]
        return loop, transport

    return make


def turns(loop: Loop, until: Callable[[], bool]) -> None:
    for _ in range(2000):
        if until():
            return
        loop._turn()
    raise AssertionError("it did not happen")


def test_all_that_waits_is_done_once(app: Flask, make: Make) -> None:
    loop, transport = make()
    ids = enqueue_many("diagnostics.ping", [{}] * 7)
    transport.waiting = [*ids, ids[0], "unknown"]

    loop.run()

    assert [stored(run_id).state for run_id in ids] == ["finished"] * 7
    assert [stored(run_id).attempts for run_id in ids] == [1] * 7
    assert sorted(transport.ended) == sorted([*ids, ids[0], "unknown"])


def test_what_ends_while_redis_is_away_is_in_the_ledger_at_once_and_not_run_again(
    app: Flask, make: Make
) -> None:
    may_end = threading.Event()

    def job(work: Work) -> Outcome:
        may_end.wait(10)
        return Outcome(work.run, "finished", "done")

    loop, transport = make(job=job)
    (run_id,) = enqueue_many("diagnostics.ping", [{}])
    transport.waiting = [run_id]
    turns(loop, lambda: bool(loop._running))
    transport.away = True
    may_end.set()

    turns(loop, lambda: stored(run_id).state == "finished")
    during = list(transport.ended)
    transport.away, transport.waiting = False, [run_id]  # Redis has an older copy of the message
    turns(loop, lambda: transport.ended.count(run_id) == 2)

    assert during == []
    assert (stored(run_id).state, stored(run_id).attempts) == ("finished", 1)


def test_a_worker_that_is_told_to_end_while_redis_is_away_does_not_wait_for_it(
    app: Flask, make: Make
) -> None:
    loop, transport = make()
    (run_id,) = enqueue_many("diagnostics.ping", [{}])
    transport.waiting = [run_id]
    turns(loop, lambda: bool(loop._running))
    transport.away = True
    turns(loop, lambda: stored(run_id).state == "finished")

    loop.stop()

    turns(loop, loop._is_over)


def test_what_ends_while_the_database_is_away_is_written_when_it_is_back(
    app: Flask, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, transport = make()
    ids = enqueue_many("diagnostics.ping", [{}] * 2)
    transport.waiting = list(ids)
    turns(loop, lambda: len(loop._running) == 2)
    failures = 0

    def away(*args: object, **kwargs: object) -> list[Run]:
        nonlocal failures
        failures += 1
        raise OperationalError("update", {}, Exception("server closed the connection"))

    with monkeypatch.context() as outage:
        outage.setattr(ledger, "turn", away)
        turns(loop, lambda: len(loop._outcomes) == 2 and failures > 2)
    during = [stored(run_id).state for run_id in ids]
    turns(loop, lambda: len(transport.ended) == 2)

    assert during == ["started", "started"]
    assert [(stored(run_id).state, stored(run_id).attempts) for run_id in ids] == [("finished", 1)] * 2


def test_a_claim_whose_answer_was_lost_is_given_back(
    app: Flask, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, transport = make()
    (run_id,) = enqueue_many("diagnostics.ping", [{}])
    transport.waiting = [run_id]
    turn = ledger.turn

    def committed_and_then_cut(*args: object, **kwargs: object) -> list[Run]:
        turn(*args, **kwargs)  # type: ignore[arg-type]
        raise OperationalError("commit", {}, Exception("server closed the connection"))

    with monkeypatch.context() as fault:
        fault.setattr(ledger, "turn", committed_and_then_cut)
        turns(loop, lambda: stored(run_id).state == "started")
    turns(loop, lambda: transport.ended == [run_id])
    monkeypatch.setattr(auditing, "SETTLING", timedelta(0))
    loop._next_audit = 0.0

    turns(loop, lambda: stored(run_id).state == "queued")

    assert stored(run_id).attempts == 1
