"""Does work get done: is anything held, late, or missing from the clock?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import select

from edupulse.clock import now
from edupulse.control import monitor, pauses
from edupulse.control.definitions import definitions
from edupulse.control.models import Schedule
from edupulse.database import db
from edupulse.doctor.finding import Finding, ok, problem, warning

MOST_NAMED = 5


def paused() -> Iterator[Finding]:
    """Check that nothing is held without an end."""
    held = [row for row in pauses.holding(now()) if row.until is None]
    for row in held:
        words = f"The {row.scope} {row.name} is paused by {row.actor}{_because(row.reason)}: what is queued waits."
        noun = "queues" if row.scope == "queue" else "jobs"
        yield warning(
            f"paused_{row.name}", words, f"When it may go on: python cli.py {noun} resume {row.name}"
        )
    if not held:
        yield ok("paused", "No queue and no job is held without an end.")


def late() -> Iterator[Finding]:
    """Check that what waits is begun in time."""
    runs = monitor.late_runs(now())
    if not runs:
        yield ok("late", "Nothing waits longer than it should.")
        return
    names = _some(sorted({run.name for run in runs}))
    waits = (now() - runs[0].available_at).total_seconds() / 60
    words = f"Work waits for {waits:.0f} min and longer: {names}."
    cure = (
        "See why: python cli.py jobs list --state queued. Start more workers (EDUPULSE_WORKERS), "
        "or cancel what is not needed: python cli.py jobs cancel ID"
    )
    yield warning("late", words, cure)


def schedules() -> Iterator[Finding]:
    """Check that the clock has every schedule of the catalog, and that none is switched off or stuck."""
    rows = {row.name: row for row in db.session.scalars(select(Schedule))}
    found = [
        *_missing(definitions().keys() - rows.keys()),
        *_switched_off(row.name for row in rows.values() if not row.enabled),
        *(_failing(row) for row in rows.values() if row.enabled and row.failures),
        *_late(row.name for row in monitor.late_schedules(now()) if not row.failures),
    ]
    yield from found
    if not found:
        yield ok("schedules", f"The clock has all {len(rows)} schedules.")


def _missing(names: Iterable[str]) -> Iterator[Finding]:
    if names := sorted(names):
        words = f"The clock does not have the schedules {_some(names)}: they do not run."
        yield problem("schedules_missing", words, "Run: python cli.py schedule sync")


def _switched_off(names: Iterable[str]) -> Iterator[Finding]:
    for name in sorted(names):
        cure = f"When it may run again: python cli.py schedule resume {name}"
        yield warning(f"schedule_{name}", f"The schedule {name} is paused.", cure)


def _failing(row: Schedule) -> Finding:
    words = f"The schedule {row.name} could not be run: {row.last_error or 'no reason is known'}."
    cure = f"When that is mended: python cli.py schedule resume {row.name}"
    return problem(f"schedule_{row.name}", words, cure)


def _late(names: Iterable[str]) -> Iterator[Finding]:
    if names := sorted(names):
        words = f"The time of {_some(names)} has passed without a run."
        yield warning("schedules_late", words, "Restart the scheduler; its log says more.")


def _because(reason: str) -> str:
    return f" ({reason})" if reason else ""


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:MOST_NAMED])
    return f"{shown} and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else shown
