"""Jobs of the mail line."""

from __future__ import annotations

from edupulse.clock import now
from edupulse.mail import deliver as line
from edupulse.mail import pump as mailings
from edupulse.mail import sweep as net
from jobs.recorded import recorded


@recorded
def deliver(delivery_ids: list[int]) -> dict[str, int]:
    """Send the mails of these deliveries, each at most once."""
    return line.deliver(delivery_ids)


@recorded
def pump(place: int = 0, moved: int = 0) -> dict[str, int]:
    """Send of all mailings that may leave, for one turn."""
    return mailings.pump(place, moved=moved)


@recorded
def sweep() -> dict[str, int]:
    """Settle what was abandoned and hand over what waits."""
    return net.sweep(now())
