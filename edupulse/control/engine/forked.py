"""A heavy run leaves its slot for a process of its own, and its outcome comes back: the worker's side."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from contextlib import suppress
from itertools import count
from typing import Any

from flask import Flask

from edupulse.control.catalog import current_catalog
from edupulse.control.engine.endings import Ending
from edupulse.control.engine.slots import Perform
from edupulse.control.engine.wire import Lines, from_plain
from edupulse.control.execution import perform
from edupulse.control.interrupted import POISON_DEATHS, note_death, runs_apart
from edupulse.control.interruptions import Interruption, TimeLimitExceeded
from edupulse.control.run import Failure, Outcome, Run
from edupulse.control.work import Work
from edupulse.control.workers import current_worker_name

LOOK_SECONDS = 0.5  # between two looks at whether somebody wants the job to stop
INSIST_SECONDS = 2.5  # that an interrupted job has to end before its process is killed
KEEPER_GRACE_SECONDS = 4.0  # after its hard limit; a little less than the whole worker has
LOST = Ending("Died", "ended without a word")


def choose(app: Flask, launcher: Launcher) -> Perform:
    """Return what performs each run in the place that suits it: a thread of the worker, or a process of its own."""
    specs = app.extensions["edupulse"].catalog.specs

    def perform_somewhere(work: Work) -> Outcome:
        here = os.getpid()
        apart = runs_apart(specs.get(work.run.name), work.run.deaths)
        outcome = launcher.perform(work) if apart else perform(app, work)
        if os.getpid() != here:
            os._exit(0)  # a child that the job has forked came back here: it is no worker
        return outcome

    return perform_somewhere


class Launcher:
    """The way to the keeper, who forks; `control` is shared by all slots of a worker."""

    def __init__(self, app: Flask, control: socket.socket) -> None:
        self._app, self._control, self._numbers = app, control, count(1)

    def perform(self, work: Work) -> Outcome:
        """Have `work` done in a process of its own and return its outcome; an interruption reaches it there."""
        with self._app.app_context():
            errand = Errand(self._control, next(self._numbers), work)
            work.deliver = errand.interrupt
            try:
                errand.start()
                return errand.outcome()
            except BaseException:  # whatever it was, the job must not go on without us
                errand.signal(signal.SIGKILL)
                raise
            finally:
                errand.close()


class Errand:
    """One run that is worked on elsewhere."""

    def __init__(self, control: socket.socket, number: int, work: Work) -> None:
        self._control, self._number, self._work = control, number, work
        self._stream, self._their_end = socket.socketpair()
        self._lines = Lines(self._stream)
        self._asked = False
        self._interruption: BaseException | None = None
        self._kill_at = float("inf")

    def start(self) -> None:
        """Ask the keeper for a process, and tell it what to do."""
        run = self._work.run
        limit = current_catalog().get(run.name).hard_limit_seconds
        order = {"run": run.id, "deadline": self._work.began + limit + KEEPER_GRACE_SECONDS}
        message = json.dumps({"number": self._number, **order}).encode()
        socket.send_fds(self._control, [message], [self._their_end.fileno()])
        self._their_end.close()
        with suppress(OSError):  # it could not be started: the keeper says why
            self._lines.say(
                run={name: getattr(run, name) for name in run.__slots__}, worker=current_worker_name()
            )
        self._stream.settimeout(LOOK_SECONDS)

    def interrupt(self, error: type[BaseException], reason: str) -> None:
        """Raise `error` in the job; called from another thread."""
        self._order(**{"raise": error.__name__}, reason=reason)
        if issubclass(error, Interruption):
            self._interruption = error(reason)
            self._kill_at = time.monotonic() + INSIST_SECONDS

    def signal(self, number: int) -> None:
        """Have the keeper send a signal: only who waits for a process knows that its number is still its own."""
        with suppress(OSError):
            self._control.send(json.dumps({"number": self._number, "signal": int(number)}).encode())

    def outcome(self) -> Outcome:
        """Wait for the end of the process and return what came of the run."""
        told: dict[str, Any] | None = None
        while True:
            self._press()
            try:
                for line in self._lines.hear():
                    told = line.get("outcome", told)
                    if "ended" in line:
                        ending = Ending(line["ended"], line["words"])
                        return from_plain(self._work.run, told) if told else self._untold(ending)
            except EOFError:
                return from_plain(self._work.run, told) if told else self._untold(LOST)

    def close(self) -> None:
        self._stream.close()
        self._their_end.close()

    def _press(self) -> None:
        """Pass on the wish to stop; kill what does not end."""
        if self._work.stop_reason is not None and not self._asked:
            self._asked = True
            self._order(ask=self._work.stop_reason)
        if time.monotonic() >= self._kill_at:
            self._kill_at = float("inf")
            self.signal(signal.SIGKILL)

    def _order(self, **order: str) -> None:
        with suppress(OSError):  # it has ended meanwhile
            self._lines.say(**order)
            self.signal(signal.SIGUSR1)

    def _untold(self, ending: Ending) -> Outcome:
        run, words = self._work.run, f"Its process {ending.words} (attempt {self._work.run.attempts})."
        if self._interruption is not None:
            return Outcome.of_error(run, self._interruption)
        if ending.kind == TimeLimitExceeded.__name__:
            return Outcome.of_error(run, TimeLimitExceeded(words))
        if ending.kind == "NotStarted":
            return Outcome(run, "failed", failure=Failure(ending.kind, words, temporary=True))
        return _died(run, ending.kind, words)


def _died(run: Run, kind: str, words: str) -> Outcome:
    """Return what becomes of a run that took its process along: by its policy, until it has been too often."""
    deaths, policy = note_death(run), current_catalog().get(run.name).on_interrupt
    if deaths >= POISON_DEATHS:
        put_aside = f"{deaths} processes died under it; it is not tried again. {words}"
        return Outcome(run, "failed", failure=Failure("Quarantined", put_aside))
    state = "interrupted" if policy == "ask" else "failed"
    return Outcome(run, state, failure=Failure(kind, words, temporary=policy == "retry"))
