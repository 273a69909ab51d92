"""Jobs of campaigns."""

from __future__ import annotations

from edupulse.campaigns import launch as freezing
from edupulse.campaigns import settling
from edupulse.campaigns import sweep as net
from edupulse.clock import now
from jobs.recorded import recorded


@recorded
def launch(campaign_id: int) -> dict[str, int]:
    """Freeze one campaign's audience and let its mails leave."""
    return freezing.freeze(campaign_id)


@recorded
def settle(mailing_id: int) -> dict[str, str]:
    """Finish the campaign of a mailing of which nothing is open."""
    return {"state": settling.settle_mailing(mailing_id)}


@recorded
def sweep() -> dict[str, int]:
    """Launch what is due, ask about what is overdue, restart what stands still, finish what is over."""
    return net.sweep(now())
