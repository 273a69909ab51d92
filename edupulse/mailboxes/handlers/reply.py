"""A person answered a mail of ours: it is filed with that mail, and the staff are told."""

from __future__ import annotations

from edupulse.mailboxes.dispatch.notices import said_at_once, tell
from edupulse.mailboxes.handling import Done, Inbound


class Reply:
    """Takes answers to mails of ours."""

    name = "reply"
    summary = "answers of people to mails of ours"

    def wants(self, message: Inbound) -> str:
        return "it answers a mail of ours" if message.event.classification.kind == "reply" else ""

    def at_once(self, message: Inbound) -> Done | None:
        return said_at_once(message, _words(message))

    def handle(self, message: Inbound) -> Done:
        return tell(message, _words(message))


def _words(message: Inbound) -> str:
    if message.is_verified:
        return "A person answered a mail of ours."
    return "It answers a mail of ours, but it is not verified that it comes from whom that mail went to."
