"""A stack that sends a campaign to a lean sink; whoever is killed is asked first how many connections he had."""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

import psutil

from tests.proofs.members import PYTHON, Members
from tests.proofs.stack import END_SECONDS, Stack, wait_for

# Workers most often: they hold the mails. A keeper takes its workers along.
WHO = (*("worker",) * 5, *("keeper",) * 3, "scheduler", "redis", "redis")


class MailMembers(Members):
    """The same members, with settings for a campaign, and the lean sink in place of the double."""

    settings: dict[str, str]

    def environment(self) -> dict[str, str]:
        return super().environment() | self.settings

    def command(self, name: str) -> list[str]:
        if name != "smtp":
            return super().command(name)
        sink = [PYTHON, "-m", "tests.doubles.smtp_sink", "--port", str(self.smtp_port)]
        return [*sink, "--log", str(self.copies_file), "--delay-ms", str(self.smtp_delay_ms)]


@dataclass(frozen=True)
class Dead:
    """A process that was killed: under which worker's number it acted, and how many connections it had then."""

    pid: int
    worker: int  # its own, or of the worker for which it did one job apart
    connections: int


@dataclass(frozen=True)
class Kill:
    """One strike, and who died by it."""

    who: str
    dead: tuple[Dead, ...] = ()


class MailStack(Stack):
    """Redis, the sink, a scheduler, and `workers` keepers with one worker each."""

    def __init__(self, settings: dict[str, str], *, workers: int, database_url: str, brisk: bool) -> None:
        super().__init__(workers=workers, database_url=database_url, smtp_delay_ms=5, brisk=brisk)
        self.members = MailMembers(**vars(self.members))
        self.members.settings = settings
        self.kills: list[Kill] = []
        self._last_worker: dict[str, int] = {}  # by keeper

    def kill_at_random(self, chance: random.Random) -> None:
        """Kill somebody at once, without a word; what was killed comes back."""
        who = chance.choice(WHO)
        if who == "worker":
            self._kill_worker(chance)
        elif who == "keeper":
            self._kill_keeper(chance.choice(self.keepers))
        else:
            self.restart(who, signal.SIGKILL)
            self.kills.append(Kill(who))

    def copies_so_far(self) -> int:
        """Return how many copies the sink has accepted."""
        file = self.members.copies_file
        return file.read_bytes().count(b"\n") if file.exists() else 0

    def copies_by_id(self) -> Counter[str]:
        """Return how often each Message-ID was accepted."""
        return Counter(entry["message_id"] for entry in self._accepted())

    def _kill_worker(self, chance: random.Random) -> None:
        wait_for(self._below, "a worker to kill", END_SECONDS)
        name = chance.choice([name for name in self.keepers if self.children(name)] or self.keepers)
        if not (family := self.children(name)):  # who was there has ended meanwhile
            self._kill_worker(chance)
            return
        pid = chance.choice(family)
        dying = (
            [pid] if _is_apart(pid) else family
        )  # with a worker its jobs in processes of their own die too
        self.kills.append(Kill("worker", self._frozen(name, dying)))
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.strikes["SIGKILL worker"] += 1
        for left in dying:
            _signal(left, signal.SIGCONT)

    def _kill_keeper(self, name: str) -> None:
        self.kills.append(Kill("keeper", self._frozen(name, self.children(name))))
        self.restart(name, signal.SIGKILL)

    def _frozen(self, keeper: str, pids: list[int]) -> tuple[Dead, ...]:
        """Stop processes where they are, so that what is counted is what they die with."""
        for pid in self.children(keeper):
            if not _is_apart(pid):
                self._last_worker[keeper] = pid
        worker = self._last_worker.get(keeper, 0)
        stopped = [pid for pid in pids if _signal(pid, signal.SIGSTOP)]
        return tuple(Dead(pid, worker if _is_apart(pid) else pid, self._connections(pid)) for pid in stopped)

    def _connections(self, pid: int) -> int:
        with suppress(psutil.NoSuchProcess):
            return sum(
                bool(found.raddr) and found.raddr.port == self.smtp_port
                for found in psutil.Process(pid).net_connections(kind="tcp")
            )
        return 0


def _is_apart(pid: int) -> bool:
    """Say whether it is the process of one job: those lead a session of their own."""
    with suppress(ProcessLookupError):
        return os.getsid(pid) == pid
    return False


def _signal(pid: int, number: signal.Signals) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
        return True
    return False
