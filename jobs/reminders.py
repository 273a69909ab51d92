"""Jobs of the reminder line."""

from __future__ import annotations

from edupulse.clock import now
from edupulse.reminders import due, planner, send
from jobs.recorded import recorded


@recorded
def check() -> dict[str, int]:
    """Hand over every reminder that is due."""
    return due.check(now())


@recorded
def plan() -> dict[str, int]:
    """Plan the coming occurrences of every series."""
    return {"planned": planner.extend(now())}


@recorded
def send_now(event_id: int, actor: str = "system") -> dict[str, int]:
    """Send the reminder of one event's next occurrence now."""
    return {"deliveries": len(send.send_now(event_id, actor=actor))}
