"""A process that the keeper has forked for one heavy job: its limit, its end, and that nothing of it is left."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Flask

from edupulse.control.engine.endings import Ending
from edupulse.control.engine.forked_job import work_off
from edupulse.control.engine.spawn import Closable, spawn
from edupulse.control.engine.wire import Lines
from edupulse.logs import get_logger

log = get_logger(__name__)


@dataclass
class JobProcess:
    """The keeper's side; `stream` leads to the slot that waits for the outcome, `deadline` is monotonic."""

    pid: int
    stream: socket.socket
    deadline: float
    overdue: bool = False

    @classmethod
    def start(
        cls, app: Flask, handle: int, order: dict[str, Any], foreign: list[Closable]
    ) -> JobProcess | None:
        """Fork the process; where the system has none to give, say so to the slot and return None."""
        stream = socket.socket(fileno=handle)
        try:
            pid = spawn(app, partial(work_off, app, stream), foreign=foreign)
        except OSError as error:
            log.warning("job process not started", run=order["run"], reason=str(error))
            _tell(stream, Ending("NotStarted", f"could not be started: {error}"))
            return None
        return cls(pid, stream, order["deadline"])

    def send(self, number: int) -> None:
        """Send it a signal; SIGKILL goes to all that it has started as well."""
        if number == signal.SIGKILL:
            self.end_group()
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill_if_overdue(self, instant: float) -> None:
        if instant >= self.deadline and not self.overdue:
            self.overdue = True
            self.send(signal.SIGKILL)

    def end_group(self) -> None:
        """Kill what it has started. As long as nobody has waited for it, its number is that of its group."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def over(self, ending: Ending) -> None:
        """Tell the slot how the process ended."""
        words = "did not react to its time limit and was killed"
        _tell(self.stream, Ending("TimeLimitExceeded", words) if self.overdue else ending)


def _tell(stream: socket.socket, ending: Ending) -> None:
    with suppress(OSError):  # the worker is gone as well
        stream.setblocking(False)  # its slot reads all the time; the keeper waits for nobody
        Lines(stream).say(ended=ending.kind, words=ending.words)
    stream.close()
