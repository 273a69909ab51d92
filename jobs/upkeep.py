"""Jobs that keep the house in order."""

from __future__ import annotations

from edupulse.clock import now
from edupulse.control.execution import current_run
from edupulse.upkeep import backup, caches, cleanup
from jobs.recorded import recorded


@recorded
def backup_database() -> dict[str, int]:
    """Make a backup on this worker's machine and verify it; old ones go."""
    run = current_run()
    made = backup.make(actor=run.actor if run else "system")
    return {"backup_id": made.id, "bytes": made.bytes}


@recorded
def cleanup_cache() -> dict[str, int]:
    """Empty the caches and remove what was left lying about."""
    return caches.clear(now())


@recorded
def cleanup_expired_data(classes: list[str] | None = None, dry_run: bool = False) -> dict[str, int]:
    """Delete, or only count, what has been kept long enough."""
    run = current_run()
    results = cleanup.run(now(), classes, dry_run=dry_run, actor=run.actor if run else "system")
    return {each.key: each.rows for each in results}
