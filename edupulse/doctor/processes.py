"""Do workers and scheduler live, and are they of this version?"""

from __future__ import annotations

from collections.abc import Iterator

from edupulse.clock import now
from edupulse.control.monitor import Service, live_processes, scheduler_service, workers_service
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
    yield warning("version", f"Not of this version, {VERSION}: {named}.", "Restart them.")


def _of(service: Service) -> Finding:
    if service.is_up:
        return ok(service.name, service.summary)
    judged = problem if service.state == "down" else warning
    return judged(service.name, service.summary, service.cure)
