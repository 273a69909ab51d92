"""Do workers and scheduler live, and are they of this version?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from edupulse.clock import now
from edupulse.control import pools as wanted
from edupulse.control.monitor import (
    START_ALL,
    Service,
    live_processes,
    scheduler_service,
    workers_service,
)
from edupulse.doctor.finding import Finding, ok, problem, warning
from edupulse.version import VERSION


def workers() -> Iterator[Finding]:
    """Check that every queue has a worker."""
    yield _of(workers_service(now()))


def scheduler() -> Iterator[Finding]:
    """Check that the clock ticks."""
    yield _of(scheduler_service(now()))


def version() -> Iterator[Finding]:
    """Check that no process runs an older or newer program than this one."""
    other = [worker for worker in live_processes(now()) if worker.version != VERSION]
    if not other:
        yield ok("version", f"Every process runs version {VERSION}.")
        return
    named = ", ".join(f"{worker.name} ({worker.version})" for worker in other)
    yield warning(
        "version", f"Not of this version, {VERSION}: {named}.", "Restart them: python cli.py restart"
    )


def program() -> Iterator[Finding]:
    """Check that no process still runs the program as it was before it was changed."""
    changed_at = _changed_at()
    old = [worker.name for worker in live_processes(now()) if worker.started_at < changed_at]
    if old:
        words = f"The program was changed after these began: {', '.join(old)}."
        yield warning("program", words, "Restart them: python cli.py restart")
    else:
        yield ok("program", "Every process runs the program as it is now.")


def pools() -> Iterator[Finding]:
    """Check that the workers that are wanted are there; fixed workers on its queues stand in for a pool."""
    fixed = {queue for each in live_processes(now()) if each.pool is None for queue in each.queues}
    found = [
        finding
        for pool in wanted.pools(now())
        if (pool.is_looked_after or not fixed.issuperset(pool.queues)) and (finding := _of_pool(pool))
    ]
    yield from found
    if not found:
        yield ok("pools", "As many workers run as are wanted.")


def _of_pool(pool: wanted.PoolFacts) -> Finding | None:
    id, words = f"pool_{pool.name}", f"The workers {pool.name}: {pool.words}"
    if pool.state == "stopped":
        return warning(id, words, f"When they may work again: python cli.py workers start {pool.name}")
    if pool.alive >= pool.processes:
        return None
    cure = "Look at their log: python cli.py logs workers" if pool.is_looked_after else START_ALL
    return warning(id, words, cure)


def _changed_at() -> datetime:
    package = Path(__file__).resolve().parents[1]
    newest = max(path.stat().st_mtime for path in package.rglob("*.py"))
    return datetime.fromtimestamp(newest, UTC)


def _of(service: Service) -> Finding:
    if service.is_up:
        return ok(service.name, service.summary)
    judged = problem if service.state == "down" else warning
    return judged(service.name, service.summary, service.cure)
