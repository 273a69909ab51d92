"""A worker as its keeper sees it: a process with its jobs, and the little that it says."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from flask import Flask
from rq.worker.base import BaseWorker

from edupulse.config import current_settings
from edupulse.control.dispatch import OUTAGES
from edupulse.control.engine.board import Board
from edupulse.control.engine.forked import Launcher, choose
from edupulse.control.engine.job_process import JobProcess
from edupulse.control.engine.loop import Loop
from edupulse.control.engine.roster import Wish
from edupulse.control.engine.spawn import Closable, spawn
from edupulse.control.workers import name_of, new_token, register, take_name
from edupulse.logs import get_logger

ORDER_BYTES = 4096
STUCK_SECONDS = 120.0  # above every wait of a turn: the database may be locked for 30 s, Redis silent for 10
TERMINATE, RETIRE = signal.SIGTERM, signal.SIGUSR1

MakeWorker = Callable[[str, Sequence[str]], BaseWorker]

log = get_logger(__name__)


class WorkerProcess:
    """One worker, until it is buried: so long its number is its own. `why_killed`: what the keeper has ended it for."""

    def __init__(self, pid: int, token: str, wish: Wish, board: Board, control: socket.socket) -> None:
        self.pid, self.name, self.wish, self.board, self.control = (
            pid, name_of(token, pid), wish, board, control,
        )  # fmt: skip
        self.started = time.monotonic()
        self.jobs: dict[int, JobProcess] = {}
        self.why_killed = ""
        self._told: set[int] = set()
        control.setblocking(False)

    @classmethod
    def start(
        cls, app: Flask, make_worker: MakeWorker, wish: Wish, foreign: Sequence[Closable]
    ) -> WorkerProcess:
        """Fork a worker. Raises OSError when the system has no process to give."""
        token, board = new_token(), Board(current_settings().worker_threads)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)  # each message comes whole
        main = partial(_work, app, wish, make_worker, token, board, theirs)
        try:
            pid = spawn(app, main, foreign=[*foreign, ours])
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        return cls(pid, token, wish, board, ours)

    @property
    def seconds(self) -> float:
        """For how long it has been at work."""
        return time.monotonic() - self.started

    @property
    def is_working(self) -> bool:
        return self.board.earliest_deadline() is not None

    @property
    def is_overdue(self) -> bool:
        """Say whether a job of it has ignored its limit, or a cancellation."""
        deadline = self.board.earliest_deadline()
        return deadline is not None and time.monotonic() >= deadline

    @property
    def is_stuck(self) -> bool:
        """Say whether it does nothing although no job keeps it: its own thread hangs."""
        return not self.is_working and time.monotonic() - self.board.last_turn > STUCK_SECONDS

    @property
    def is_leaving(self) -> bool:
        return bool(self._told)

    def ended_well(self, status: int) -> bool:
        """Say whether it ended in order, nothing being under way, with this wait status."""
        code = os.waitstatus_to_exitcode(status)  # told at its very start, it has no handler yet
        return not self.is_working and (code == 0 or (code == -TERMINATE and TERMINATE in self._told))

    def ask_to_end(self, number: int = TERMINATE) -> None:
        """Let it end: TERMINATE gives its jobs their grace, RETIRE all the time they need.

        Who has just begun is deaf to RETIRE: it may be said again.
        """
        if number == RETIRE or number not in self._told:
            self._told.add(number)
            os.kill(self.pid, number)

    def kill(self, why: str) -> None:
        """End it at once; `why` completes the sentence "The worker w1 ..."."""
        if not self.why_killed:
            self.why_killed = why
            os.kill(self.pid, signal.SIGKILL)

    def forget(self, job: JobProcess) -> None:
        """The process of this job has ended."""
        self.jobs = {number: one for number, one in self.jobs.items() if one is not job}

    def orders(self) -> list[tuple[dict[str, Any], list[int]]]:
        """Return what its slots want, each with the handles that came along."""
        orders = []
        with suppress(BlockingIOError, ConnectionError):
            while True:
                message, handles, *_ = socket.recv_fds(self.control, ORDER_BYTES, 1)
                orders.append((json.loads(message), handles))
        return orders

    def close(self) -> None:
        self.control.close()
        self.board.close()


def _work(
    app: Flask,
    wish: Wish,
    make_worker: MakeWorker,
    token: str,
    board: Board,
    control: socket.socket,
) -> int:
    """Be the worker, in its own process, until told to end; return the exit code."""
    take_name(token)
    try:
        with app.app_context():
            name = register("worker", wish.queues, threads=board.slots, pool=wish.pool)
            loop = Loop(app, make_worker(name, wish.queues), choose(app, Launcher(app, control)), board)
        signal.signal(RETIRE, loop.retire)
        loop.run()
    except OUTAGES as error:  # at the start only: the loop itself waits
        log.warning("worker cannot start", reason=f"{type(error).__name__}: {error}"[:500])
        return 1
    return 0
