"""What nobody else deals with is laid before the staff: it cannot be lost, whatever it is."""

from __future__ import annotations

from edupulse.mailboxes.dispatch.notices import said_at_once, tell
from edupulse.mailboxes.handling import Done, Inbound

WORDS = "Nobody else deals with it: a person should look at it."


class Staff:
    """Takes every message that comes to it."""

    name = "staff"
    summary = "everything that nobody else takes"

    def wants(self, message: Inbound) -> str:
        return "nobody else takes it"

    def at_once(self, message: Inbound) -> Done | None:
        return said_at_once(message, WORDS)

    def handle(self, message: Inbound) -> Done:
        return tell(message, WORDS)
