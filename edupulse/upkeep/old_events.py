"""Past events go by the rule that their own domain has for them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from edupulse.clock import now
from edupulse.control.execution import current_run
from edupulse.reminders import cleanup as past
from edupulse.upkeep.amount import Amount


class OldEvents:
    """Events that are over; see Old."""

    def count(self, until: datetime) -> Amount:
        return Amount(past.cleanup(_days(until), dry_run=True).events)

    def delete(self, until: datetime) -> Iterator[Amount]:
        run = current_run()
        yield Amount(past.cleanup(_days(until), dry_run=False, actor=run.actor if run else "system").events)


def _days(until: datetime) -> int:
    return (now() - until).days
