"""Bounds: connections to the database neither break nor pile up, and failing jobs do not fill Redis."""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

from sqlalchemy import func, select

from edupulse.control.enqueue import enqueue_many
from edupulse.control.models import FINAL_STATES, JobRun
from edupulse.database import db
from tests.proofs.postgres import OwnPostgres
from tests.proofs.stack import Stack, wait_for

MEGABYTE = 1_000_000
REDIS_LIMIT_MB = 64
BACKLOG = (
    2_000  # failing jobs that wait at most: what waits has its place in Redis, what is over should have none
)
AT_ONCE = 1_000
PORTIONS_MOST = 8  # of jobs: every slot opens its connection when it works for the first time
APART_EVERY = 20  # every so manieth job runs in a process of its own: a fork must not share a connection
TROUBLE = re.compile(
    r"OperationalError|InterfaceError|DatabaseError|PendingRollback|SSL error|bad record mac|database is locked"
    r"|server closed the connection|connection (?:is|was|already) (?:closed|lost)|out of sync|lost synchronization"
)
SERVER_TROUBLE = re.compile(
    r"unexpected EOF|SSL error|could not (?:receive|send)|connection reset|FATAL", re.IGNORECASE
)


@dataclass
class Connections:
    """What a thousand jobs did to the connections of one database."""

    database: str
    runs: dict[str, int] = field(default_factory=dict)
    counts: list[int] = field(default_factory=list)
    unencrypted: int = 0
    trouble: Counter[str] = field(default_factory=Counter)
    server_trouble: Counter[str] = field(default_factory=Counter)

    @property
    def is_steady(self) -> bool:
        """Say whether the last portion of jobs left no more connections than the one before: a leak never ends."""
        return len(self.counts) > 1 and self.counts[-1] <= self.counts[-2]

    @property
    def holds(self) -> bool:
        orderly = not self.trouble and not self.server_trouble and not self.unencrypted
        return set(self.runs) == {"finished"} and orderly and self.is_steady

    def __str__(self) -> str:
        seen = f"connections at rest {self.counts} after each portion of jobs"
        return (
            f"{self.database}: runs {self.runs}, errors {dict(self.trouble)}, of the server "
            f"{dict(self.server_trouble)}, unencrypted {self.unencrypted} {seen} "
            f"{'HOLDS' if self.holds else 'BROKEN'}"
        )


def count_connections(jobs: int, *, postgres: bool) -> Connections:
    """Let `jobs` run on PostgreSQL by TLS, or on SQLite; return what was seen."""
    figures = Connections("PostgreSQL with TLS" if postgres else "SQLite")
    with ExitStack() as place:
        server = place.enter_context(OwnPostgres()) if postgres else None
        url = server.url if server else ""
        stack = place.enter_context(Stack(processes=2, own_jobs=True, smtp_delay_ms=None, database_url=url))
        place.enter_context(stack.app.app_context())
        stack.start_work()
        while len(figures.counts) < PORTIONS_MOST and not figures.is_steady:
            figures.counts.append(_work_through(jobs, server))
        figures.runs = _by_state("proof.")
        figures.trouble = Counter(TROUBLE.findall(stack.logs()))
        if server:
            figures.unencrypted = server.unencrypted()
            figures.server_trouble = Counter(SERVER_TROUBLE.findall(server.log()))
    return figures


def _work_through(jobs: int, server: OwnPostgres | None) -> int:
    """Hand over `jobs`; return how many connections there are when all is over and at rest."""
    apart = jobs // APART_EVERY
    enqueue_many("proof.effect", [{"seconds": 0.01}] * (jobs - apart))
    enqueue_many("proof.apart", [{}] * apart)
    wait_for(lambda: _open() == 0, "the jobs", 120)
    return min(_looks_at(server)) if server else 0


def _looks_at(server: OwnPostgres) -> Iterator[int]:
    """Look a few times: a process of its own closes what it had a moment after its job is over."""
    for _ in range(10):
        time.sleep(0.05)
        yield server.connections()


@dataclass
class Memory:
    """What failing jobs left in Redis."""

    jobs: int
    failed: int = 0
    peak_mb: float = 0.0
    left_mb: float = 0.0
    keys: int = 0
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        return self.failed == self.jobs and self.peak_mb < REDIS_LIMIT_MB

    def __str__(self) -> str:
        return (
            f"{self.failed} of {self.jobs} failing jobs in {self.seconds:.0f} s: Redis {self.peak_mb:.1f} MB at most, "
            f"{self.left_mb:.1f} MB and {self.keys} keys at the end (limit {REDIS_LIMIT_MB} MB) "
            f"{'HOLDS' if self.holds else 'BROKEN'}"
        )


def fail_many(jobs: int) -> Memory:
    """Let `jobs` fail, of which never more than BACKLOG wait; return what Redis held."""
    figures, begun, left = Memory(jobs), time.monotonic(), jobs
    with Stack(own_jobs=True, smtp_delay_ms=None) as stack, stack.app.app_context():
        stack.start_work()
        while left:
            wait_for(lambda: _open() <= BACKLOG - AT_ONCE, "failures", 120)
            count = min(left, AT_ONCE)
            enqueue_many("proof.fall", [{"note": f"This is number {left - n}."} for n in range(count)])
            left -= count
        wait_for(lambda: _open() == 0, "the last failures", 120)
        redis = stack.redis()
        memory = redis.info("memory")
        figures.peak_mb, figures.left_mb = (
            memory[name] / MEGABYTE for name in ("used_memory_peak", "used_memory")
        )
        figures.keys, figures.failed = redis.dbsize(), _by_state("proof.fall").get("failed", 0)
        redis.close()
    figures.seconds = time.monotonic() - begun
    return figures


def _open() -> int:
    db.session.rollback()
    unfinished = select(func.count()).where(
        JobRun.name.startswith("proof."), JobRun.state.not_in(FINAL_STATES)
    )
    return db.session.scalar(unfinished) or 0


def _by_state(prefix: str) -> dict[str, int]:
    counted = select(JobRun.state, func.count()).where(JobRun.name.startswith(prefix)).group_by(JobRun.state)
    db.session.rollback()
    return dict(db.session.execute(counted).all())


def main() -> int:
    """Measure all; the exit code says whether the bounds hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1_000, help="jobs on each database")
    parser.add_argument("--failures", type=int, default=100_000)
    given = parser.parse_args()
    broken = 0
    for postgres in (True, False):
        figures = count_connections(given.jobs, postgres=postgres)
        print(figures, flush=True)
        broken += not figures.holds
    memory = fail_many(given.failures)
    print(memory)
    return min(1, broken + (not memory.holds))


if __name__ == "__main__":
    raise SystemExit(main())
