"""The parent of the workers: forks them, watches them without waiting long for anybody, settles what a death leaves."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import FrameType

from flask import Flask

from edupulse.config import current_settings
from edupulse.control.engine.clerk import Clerk
from edupulse.control.engine.crew import Crew
from edupulse.control.engine.endings import MemoryKills, ending_of
from edupulse.control.engine.roster import Roster
from edupulse.control.engine.spawn import let_go
from edupulse.control.engine.systemd import notify
from edupulse.control.engine.wakeup import Wakeup
from edupulse.control.engine.worker_process import TERMINATE, MakeWorker, WorkerProcess
from edupulse.control.workers import BEAT_SECONDS

LOOK_SECONDS = 1.0  # between two looks at the boards of the workers
ROSTER_SECONDS = 2.0  # how soon what somebody wants of the workers is brought about
BEYOND_GRACE_SECONDS = 10.0  # that workers have on top of their jobs' grace to end
LAST_WORDS_SECONDS = (
    5.0  # for a database that is away when everything else has ended; then the reaper settles
)


def keep(app: Flask, roster: Roster, *, make_worker: MakeWorker) -> int:
    """Keep the workers that `roster` wants until told to stop; return the exit code.

    Only in the main thread of a process without others, because it forks. Raises what the database says
    when there is no ledger to work with.
    """
    start = partial(WorkerProcess.start, app, make_worker)
    with app.app_context():
        return Keeper(app, Crew(app, start), roster).run()


class Keeper:
    """Single-threaded; holds no connection when it forks."""

    def __init__(self, app: Flask, crew: Crew, roster: Roster) -> None:
        self._app, self._crew, self._roster = app, crew, roster
        self._clerk, self._wakeup = Clerk(app, roster), Wakeup()
        self._memory_kills = MemoryKills()
        self._next_beat = self._next_arrangement = 0.0
        self._told_to_stop = False
        self._patience_ends = float("inf")  # then what has not ended is killed

    def run(self) -> int:
        """Watch until told to stop and everything has ended."""
        self._clerk.arrive()
        with self._signals():
            try:
                self._arrange()
                self._crew.fill(self._wakeup)
                notify("READY=1")
                while not self._is_over():
                    self._turn()
            finally:
                self._end_all()
        return 0

    def _turn(self) -> None:
        self._wait()
        self._bury()
        self._hear()
        self._end_overdue()
        self._beat()
        if self._told_to_stop:
            self._pass_on()
        else:
            self._arrange()
            self._crew.fill(self._wakeup)

    def _is_over(self) -> bool:
        if not self._told_to_stop or not self._crew.is_gone:
            return False
        return not self._clerk.has_deaths or time.monotonic() > self._patience_ends + LAST_WORDS_SECONDS

    def _wait(self) -> None:
        """Return when a child has ended or said something, a signal has come, or it is time to look again."""
        instant = time.monotonic()
        jobs = [job for worker in self._crew.living for job in worker.jobs.values() if not job.overdue]
        seconds = min([LOOK_SECONDS, *(max(0.0, job.deadline - instant) for job in jobs)])
        controls = [worker.control.fileno() for worker in self._crew.living]
        select.select([self._wakeup.fileno(), *controls], [], [], seconds)
        self._wakeup.clear()

    def _bury(self) -> None:
        """Take note of every child that has ended, and settle the runs of dead workers."""
        while (pid := _ended_child()) is not None:
            worker, job = self._crew.find(pid)
            if job is not None:
                job.end_group()  # before we have waited: as long as its number cannot be another's
            _, status = os.waitpid(pid, 0)
            ending = ending_of(status, out_of_memory=self._memory_kills.have_grown())
            if worker is not None and job is not None:
                worker.forget(job)
                job.over(ending)
            elif worker is not None:
                self._crew.bury(
                    worker, "" if worker.ended_well(status) else worker.why_killed or ending.words
                )
        for death in self._crew.deaths():
            self._clerk.note(death)

    def _hear(self) -> None:
        """Do what the slots of the workers want: start a process for a job, or signal it."""
        for worker in self._crew.living:
            for order, handles in worker.orders():
                if handles:
                    self._crew.start_job(worker, order, handles[0], self._wakeup)
                elif order["number"] in worker.jobs:
                    worker.jobs[order["number"]].send(order["signal"])

    def _end_overdue(self) -> None:
        instant = time.monotonic()
        for worker in self._crew.living:
            for job in worker.jobs.values():
                job.kill_if_overdue(instant)
            if worker.is_overdue:
                worker.kill("was killed because a job did not react to its limit or its cancellation")
            elif worker.is_stuck:
                worker.kill("was killed because it had come to a standstill")
            elif instant > self._patience_ends:
                worker.kill("was killed because it did not end in time when it was told to")

    def _beat(self) -> None:
        if time.monotonic() < self._next_beat:
            return
        self._next_beat = time.monotonic() + BEAT_SECONDS
        notify("WATCHDOG=1")
        self._clerk.catch_up()
        self._clerk.beat(self._crew.living)
        deaf = self._clerk.deaf(self._crew.living)
        for worker in self._crew.living:
            if worker.name in deaf:
                worker.kill("was killed because a job did not react to its cancellation")
        self._crew.renew()

    def _arrange(self) -> None:
        """Have the workers that are wanted now; as long as nobody can say, those of before."""
        if time.monotonic() < self._next_arrangement:
            return
        self._next_arrangement = time.monotonic() + ROSTER_SECONDS
        wishes = self._clerk.wishes()
        if wishes is not None:
            self._crew.arrange(wishes)

    def _pass_on(self) -> None:
        """Tell the workers to stop, each once."""
        if self._patience_ends == float("inf"):
            notify("STOPPING=1")
            self._patience_ends = time.monotonic() + current_settings().worker_grace + BEYOND_GRACE_SECONDS
        for worker in self._crew.living:
            worker.ask_to_end(TERMINATE)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        handlers = {signal.SIGTERM: self._stop, signal.SIGINT: self._stop, signal.SIGCHLD: _note}
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup has it
            handlers[signal.SIGHUP] = self._stop
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        self._wakeup.listen_to_signals()
        try:
            yield
        finally:
            self._wakeup.close()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._told_to_stop = True  # being told again changes nothing

    def _end_all(self) -> None:
        """Leave nothing running, also after a fault of our own."""
        for worker in self._crew.living:
            worker.kill("was killed because its keeper failed")
        with suppress(ChildProcessError):
            while not self._crew.is_gone:
                os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
                self._bury()
        self._clerk.leave()
        let_go(self._app)


def _ended_child() -> int | None:
    """Return the number of a child that has ended and that nobody has waited for."""
    with suppress(ChildProcessError):
        found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return found.si_pid if found is not None else None
    return None


def _note(number: int, frame: FrameType | None) -> None:
    """SIGCHLD: that it came is all that matters, it ends the wait."""
