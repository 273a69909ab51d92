"""The workers of a keeper: who lives, who is being replaced, and who is dead but not settled yet."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

import psutil
from flask import Flask

from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.control.engine.clerk import Death
from edupulse.control.engine.job_process import JobProcess
from edupulse.control.engine.places import Place
from edupulse.control.engine.renewal import why_renew
from edupulse.control.engine.roster import Wish
from edupulse.control.engine.spawn import Closable
from edupulse.control.engine.worker_process import RETIRE, TERMINATE, WorkerProcess
from edupulse.logs import get_logger

log = get_logger(__name__)


class Crew:
    """Starts, finds and buries; `inherited` is what no child of the keeper must keep open."""

    def __init__(self, app: Flask, start: Callable[[Wish, Sequence[Closable]], WorkerProcess]) -> None:
        self._app, self._start = app, start
        self._places: list[Place] = []
        self._retired: list[WorkerProcess] = []  # their successors are at work already
        self._dying: list[
            tuple[WorkerProcess, str]
        ] = []  # dead, with the cause; processes of their jobs may not be

    @property
    def living(self) -> list[WorkerProcess]:
        return [place.worker for place in self._places if place.worker] + self._retired

    @property
    def is_gone(self) -> bool:
        return not self.living and not self._dying

    def arrange(self, wishes: Iterable[Wish]) -> None:
        """Have places for what is wanted now; who has none any more is told to end, who is outdated is replaced.

        Only the workers of a pool that is stopped must end within the grace of their jobs.
        """
        wanted, left = list(wishes), self._places
        self._places = [_place_for(wish, left) for wish in wanted for _ in range(wish.processes)]
        for place in left:
            self._let_go(place, "not wanted any more")
        for place in self._places:
            if place.is_outdated:
                self._let_go(place, "somebody wants new ones")
        stopped = {wish.pool for wish in wanted if not wish.processes}
        for worker in self._retired:
            worker.ask_to_end(TERMINATE if worker.wish.pool in stopped else RETIRE)

    def fill(self, inherited: Closable) -> None:
        """Start workers where places are free."""
        for place in self._places:
            if place.is_due:
                self._fill(place, inherited)

    def start_job(
        self, worker: WorkerProcess, order: dict[str, Any], handle: int, inherited: Closable
    ) -> None:
        """Start a process for a job of `worker`, whose slot waits at the other end of `handle`."""
        job = JobProcess.start(self._app, handle, order, self._foreign(inherited))
        if job is not None:
            worker.jobs[order["number"]] = job

    def renew(self) -> None:
        """Let workers go that are old or large, and leave their places to successors."""
        for place in self._places:
            if place.worker is None or place.worker.is_leaving or not (why := _why_renew(place.worker)):
                continue
            self._let_go(place, why)

    def find(self, pid: int) -> tuple[WorkerProcess | None, JobProcess | None]:
        """Return the worker with this process number, or the one to whose job it belongs, and the job."""
        for worker in [*self.living, *(worker for worker, _ in self._dying)]:
            if worker.pid == pid:
                return worker, None
            for job in worker.jobs.values():
                if job.pid == pid:
                    return worker, job
        return None, None

    def bury(self, worker: WorkerProcess, cause: str) -> None:
        """A worker has ended: its place is free, and what it has started must not go on without it."""
        if worker in self._retired:
            self._retired.remove(worker)
        for place in self._places:
            if place.worker is worker:
                place.vacate(died=bool(cause))
        for job in worker.jobs.values():
            job.send(signal.SIGKILL)
        if cause:
            log.error("worker died", worker=worker.name, pid=worker.pid, cause=cause)
        else:
            log.info("worker ended", worker=worker.name, pid=worker.pid)
        self._dying.append((worker, cause))

    def deaths(self) -> list[Death]:
        """Return, once, the deaths of workers for whose runs no process works any more."""
        over = [(worker, cause) for worker, cause in self._dying if not worker.jobs]
        self._dying = [(worker, cause) for worker, cause in self._dying if worker.jobs]
        deaths = [
            Death(worker.name, now(), cause, bool(worker.why_killed), **worker.board.counts)
            for worker, cause in over
        ]
        for worker, _ in over:
            worker.close()
        return deaths

    def _let_go(self, place: Place, why: str) -> None:
        """Free the place at once; its worker brings its jobs to their end."""
        if place.worker is None:
            return
        log.info("worker let go", worker=place.worker.name, pid=place.worker.pid, reason=why)
        place.worker.ask_to_end(RETIRE)
        self._retired.append(place.worker)
        place.worker = None

    def _fill(self, place: Place, inherited: Closable) -> None:
        try:
            place.worker = self._start(place.wish, self._foreign(inherited))
        except OSError as error:
            place.vacate(died=True)
            log.error("worker not started", reason=str(error))
            return
        log.info("worker started", worker=place.worker.name, pid=place.worker.pid)

    def _foreign(self, inherited: Closable) -> list[Closable]:
        known = [*self.living, *(worker for worker, _ in self._dying)]
        streams = [job.stream for worker in known for job in worker.jobs.values()]
        return [inherited, *(worker.control for worker in known), *streams]


def _place_for(wish: Wish, left: list[Place]) -> Place:
    """Take one of the places that are left, if one fits, else make one."""
    for place in left:
        if place.fits(wish):
            left.remove(place)
            place.wish = wish
            return place
    return Place(wish)


def _why_renew(worker: WorkerProcess) -> str:
    memory = 0
    with suppress(psutil.NoSuchProcess):
        memory = psutil.Process(worker.pid).memory_info().rss
    hours = worker.seconds / 3600
    return why_renew(current_settings(), hours=hours, jobs=worker.board.done, memory_bytes=memory)
