"""Somebody pressed "spam" on a mail of ours: the person gets no more of that kind (RFC 5965)."""

from __future__ import annotations

from edupulse.mailboxes.dispatch.reports import note_all
from edupulse.mailboxes.handling import Done, Inbound


class Complaint:
    """Takes the reports of feedback loops."""

    name = "complaint"
    summary = "reports of providers that a person took a mail of ours for spam"

    def wants(self, message: Inbound) -> str:
        return "a person reported a mail as spam" if message.event.classification.kind == "complaint" else ""

    def handle(self, message: Inbound) -> Done:
        return note_all(message)
