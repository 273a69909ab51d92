"""A program answered: nobody has to do anything, and nothing is ever sent back."""

from __future__ import annotations

from edupulse.mailboxes.dispatch.loops import is_our_own
from edupulse.mailboxes.handling import Done, Inbound


class AutoReply:
    """Takes automatic answers; what a program wrote without being asked is shown to the staff."""

    name = "auto_reply"
    summary = "out-of-office notes and other mail that programs write"

    def wants(self, message: Inbound) -> str:
        return "a program wrote it" if message.event.classification.kind == "auto_reply" else ""

    def at_once(self, message: Inbound) -> Done | None:
        if is_our_own(message.event):
            return Done("Our own mail about another message came back.")
        if message.delivery_id is not None:
            return Done("An automatic answer to a mail of ours: filed with it.")
        if message.event.in_reply_to or _is_answer(message):
            return Done("An automatic answer: nobody needs to act.")
        why = "A program wrote it, and not as an answer: it may tell something of use."
        return Done(why, attention=why)

    def handle(self, message: Inbound) -> Done:
        return self.at_once(message) or Done("An automatic answer: nobody needs to act.")


def _is_answer(message: Inbound) -> bool:
    said = message.event.headers.get("auto-submitted", ())
    return any(each.strip().lower().startswith("auto-replied") for each in said)
