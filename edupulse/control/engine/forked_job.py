"""The inside of a process of one job: it is given a run, works on it in its main thread, and gives back the outcome."""

from __future__ import annotations

import os
import resource
import signal
import socket
from contextlib import suppress
from dataclasses import replace
from functools import partial
from types import FrameType
from typing import NoReturn

import psutil
from flask import Flask

from edupulse.control import interruptions
from edupulse.control.engine.renewal import MEGABYTE
from edupulse.control.engine.wire import Lines, to_plain
from edupulse.control.execution import perform
from edupulse.control.run import Outcome, Run
from edupulse.control.work import Work
from edupulse.control.workers import act_as

# What may be raised in the job on order of its worker.
RAISED = (
    interruptions.SoftTimeLimitExceeded,
    interruptions.TimeLimitExceeded,
    interruptions.Cancelled,
    interruptions.WorkerStopping,
)
ERRORS: dict[str, type[BaseException]] = {error.__name__: error for error in RAISED}


def work_off(app: Flask, stream: socket.socket) -> int:
    """Work on the run that comes by `stream` and send its outcome back; return the exit code."""
    os.setsid()  # what the job starts can be ended with it
    lines = Lines(stream)
    first = lines.first()
    act_as(first["worker"])  # which is known to live, as this process is not
    work = Work(Run(**first["run"]))
    Orders(lines, work).listen()
    lines.say(outcome=to_plain(_within_memory(app, work)))
    return 0


class Orders:
    """What the worker wants from the job while it runs: SIGUSR1 says that a line has come."""

    def __init__(self, lines: Lines, work: Work) -> None:
        self._lines, self._work = lines, work
        work.deliver = _raise

    def listen(self) -> None:
        signal.signal(signal.SIGUSR1, self._obey)
        signal.signal(signal.SIGTERM, self._end)
        self._obey()  # what came before we listened

    def _obey(self, *signal_and_frame: object) -> None:
        orders: list[dict[str, str]] = []
        with suppress(EOFError):  # the worker is gone, and so are we soon
            orders += self._lines.hear(socket.MSG_DONTWAIT)
        for order in orders:
            if "ask" in order:
                self._work.ask_to_stop(order["ask"])
        # Only one can be raised, and what came later is what weighs more.
        for order in [order for order in orders if "raise" in order][-1:]:
            self._work.interrupt(ERRORS[order["raise"]], order["reason"])

    def _end(self, number: int, frame: FrameType | None) -> None:
        self._work.interrupt(interruptions.WorkerStopping, "Somebody told its process to end (SIGTERM).")


def _within_memory(app: Flask, work: Work) -> Outcome:
    """Let the job have so much memory on top of what we share with the keeper, and no more."""
    here, limit = os.getpid(), app.extensions["edupulse"].catalog.get(work.run.name).memory_limit_mb
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (psutil.Process().memory_info().data + limit * MEGABYTE, hard))
    outcome = None
    try:
        outcome = work.carried_out(partial(perform, app))
        assert outcome is not None  # noqa: S101 - nobody withdraws it here
    except MemoryError as error:  # there was not even enough to write down what happened
        outcome = Outcome.of_error(work.run, error)
    finally:
        if os.getpid() != here:
            os._exit(0)  # a child that the job has forked came back here
        resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))
    return _named(outcome, limit)


def _named(outcome: Outcome, limit: int) -> Outcome:
    """Say which limit it was: Python's MemoryError carries no word."""
    failure = outcome.failure
    if failure is None or failure.error_class != "MemoryError":
        return outcome
    words = f"It needed more than the {limit} MB of its memory_limit_mb. {failure.message}".strip()
    return replace(outcome, failure=replace(failure, message=words))


def _raise(error: type[BaseException], reason: str) -> NoReturn:
    raise error(reason)
