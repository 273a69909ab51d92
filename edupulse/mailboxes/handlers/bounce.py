"""A mail of ours came back, or is late: what the server says is noted for each person it speaks of."""

from __future__ import annotations

from edupulse.mailboxes.dispatch.reports import note_all
from edupulse.mailboxes.handling import Done, Inbound


class Bounced:
    """Takes what mail servers say about mails of ours."""

    name = "bounce"
    summary = "reports of mail servers about mails that came back or are late"

    def wants(self, message: Inbound) -> str:
        return "a mail server reports about a mail" if message.event.classification.kind == "bounce" else ""

    def handle(self, message: Inbound) -> Done:
        return note_all(message)
