"""Which mails of ours not everybody reads who sees that they left: those that quote a letter, and what one was told."""

from __future__ import annotations

from typing import Protocol

from edupulse.errors import Denied
from edupulse.mail.content import Content, content_of
from edupulse.mail.models import Delivery
from edupulse.mailboxes import confided
from edupulse.notifications.mail import KIND

OWN = "It tells one person something; only they and administrators read it."


class Reader(Protocol):
    """Somebody who looks: a person in a page, or behind a token."""

    @property
    def email(self) -> str: ...
    def may(self, role: str, /) -> bool: ...


def withheld(delivery: Delivery, reader: Reader) -> Denied | None:
    """Return why `reader` may not read what the mail says, or None."""
    if not confided.may_read(delivery, reads_letters=reader.may("operator")):
        return Denied(confided.CONFIDED, cure="Ask an operator.", role="operator")
    if delivery.kind == KIND and reader.email != delivery.address and not reader.may("admin"):
        return Denied(OWN, cure="Ask an administrator.", role="admin")
    return None


def content_for(delivery: Delivery, reader: Reader) -> Content:
    """Return what the mail says to this reader, or why that is withheld."""
    denied = withheld(delivery, reader)
    return Content(delivery.subject, problem=denied.message) if denied else content_of(delivery)
