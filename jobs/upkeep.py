"""Jobs that keep the house in order."""

from __future__ import annotations

from typing import Annotated

from edupulse.clock import now
from edupulse.control.catalog import Check
from edupulse.control.execution import current_run
from edupulse.upkeep import backup, caches, cleanup
from edupulse.upkeep.classes import chosen
from jobs.recorded import recorded

Classes = Annotated[list[str] | None, Check(chosen)]


@recorded
def backup_database() -> dict[str, int]:
    """Make a backup on this worker's machine and verify it; old ones go."""
    made = backup.make(actor=_who())
    return {"backup_id": made.id, "bytes": made.bytes}


@recorded
def cleanup_cache() -> dict[str, int]:
    """Empty the caches and remove what was left lying about."""
    return caches.clear(now(), actor=_who())


@recorded
def cleanup_expired_data(classes: Classes = None, dry_run: bool = False) -> dict[str, int]:
    """Delete, or only count, what has been kept long enough."""
    results = cleanup.run(now(), classes, dry_run=dry_run, actor=_who())
    return {each.key: each.rows for each in results}


def _who() -> str:
    """Return who sent the running job: a person, or the clock."""
    run = current_run()
    return run.actor if run else "system"
