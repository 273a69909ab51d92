"""A run that is under way in this process: begun, interrupted from outside, ended once."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable

from flask import has_app_context

from edupulse.control.interruptions import Interruption, SoftTimeLimitExceeded
from edupulse.control.run import Failure, Outcome, Run
from edupulse.logs import get_logger

QUIET_SECONDS = 0.5  # between two interruptions of one job: the first must have been dealt with

log = get_logger(__name__)


class Work:
    """A run that is under way in this process, and what others want from it.

    An interruption reaches the job and nothing around it: the gate is open only while the job's own code runs.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.given = time.monotonic()
        self.began = self.ended = float("inf")  # once a thread has taken it, once it is over
        self.stop_reason: str | None = None  # set by `ask_to_stop`; the job sees it when it looks
        self.outcome: Outcome | None = None  # once the job has written its end itself
        self.deliver: Callable[[type[BaseException], str], None] | None = None  # when the job runs elsewhere
        self._lock = threading.RLock()  # a signal handler may come while its own thread has it
        self._thread_id = 0  # of the job while its gate is open
        self._over = False
        self._reason = ""
        self._quiet_until = 0.0

    @property
    def has_begun(self) -> bool:
        return self.began != float("inf")

    @property
    def seconds(self) -> float:
        """For how long it has run, or did."""
        return max(0.0, min(self.ended, time.monotonic()) - self.began)

    @property
    def seconds_waited(self) -> float:
        """For how long it waits for a thread; 0 when it has one."""
        return 0.0 if self.has_begun else time.monotonic() - self.given

    def withdraw(self) -> bool:
        """Take it back before a thread takes it; False when one has."""
        with self._lock:
            if self.has_begun:
                return False
            self._over = True
            return True

    def ask_to_stop(self, reason: str) -> None:
        """Let the job's next look at `check_stop`, or report of progress, end it."""
        self.stop_reason = reason

    def interrupt(self, error: type[BaseException], reason: str) -> bool:
        """Raise `error` in the job at its next step in Python; False when there is none to interrupt now."""
        with self._lock:
            instant = time.monotonic()
            if self._over or instant < self._quiet_until or not (self.deliver or self._thread_id):
                return False
            self._reason, self._quiet_until = reason, instant + QUIET_SECONDS
            if self.deliver is not None:
                self.deliver(error, reason)
            else:
                raise_in(self._thread_id, error)
            return True

    @property
    def was_interrupted(self) -> bool:
        return self._quiet_until > 0

    def open(self) -> None:
        """From here on the thread may be interrupted."""
        self._thread_id = threading.get_ident()

    def close(self) -> None:
        """Let nothing be raised in this thread any more; an interruption on its way may still end this call."""
        with self._lock:
            self._thread_id = 0
        if self.was_interrupted:
            _let_it_come()

    def carried_out(self, perform: Callable[[Work], Outcome]) -> Outcome | None:
        """Let `perform` bring the run to its end in this thread, and return how it ended, come what may.

        Nothing is done, and None returned, when it was withdrawn.
        """
        with self._lock:
            if self._over:
                return None
            self.began = time.monotonic()
        try:
            outcome = perform(self)
        except BaseException as error:  # a fault of ours, or of who was to carry it to another process
            log.exception("run ended from outside", run=self.run.id, job=self.run.name)
            outcome = self.outcome or self.ended_by(error)
        self._over, self.ended = True, time.monotonic()
        return outcome

    def ended_by(self, error: BaseException, permanent: tuple[type[Exception], ...] = ()) -> Outcome:
        """Return the outcome of an attempt that `error` ended; an interruption is given its reason."""
        if isinstance(error, Interruption | SoftTimeLimitExceeded):
            error.args = error.args or (self._reason,)
        if has_app_context():
            return Outcome.of_error(self.run, error, permanent)
        # What it says may hold a secret, and here nobody knows them.
        words = self._reason or "The log of the worker says more."
        failure = Failure(type(error).__name__, words, temporary=isinstance(error, Exception))
        return Outcome(self.run, getattr(error, "state", "failed"), failure=failure)


def raise_in(thread_id: int, error: type[BaseException]) -> None:
    """Raise `error` in another thread at its next step in Python.

    It must never be taken back: Python 3.11 does not end its alarm then, and every thread stays slow.
    """
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), ctypes.py_object(error))


def _let_it_come() -> None:
    """Take enough steps for an exception that is on its way to this thread to arrive."""
    for _ in range(100):
        pass
