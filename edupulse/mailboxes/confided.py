"""What people confide in a letter is for those who act, also where a mail of ours to the staff quotes it."""

from __future__ import annotations

from edupulse.mail.content import Content, content_of
from edupulse.mail.models import Delivery
from edupulse.mailboxes.dispatch.loops import NOTICE

CONFIDED = "It quotes what somebody wrote to us, which is for operators."


def may_read(delivery: Delivery, *, reads_letters: bool) -> bool:
    """Say whether a mail may be read by somebody who may, or may not, read letters."""
    return reads_letters or delivery.kind != NOTICE


def content_for(delivery: Delivery, *, reads_letters: bool) -> Content:
    """Return what the mail says to this reader, or why that is withheld."""
    if not may_read(delivery, reads_letters=reads_letters):
        return Content(delivery.subject, problem=CONFIDED)
    return content_of(delivery)
