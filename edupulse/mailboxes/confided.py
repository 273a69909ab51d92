"""What people confide in a letter is for those who act, also where a mail of ours to the staff quotes it."""

from __future__ import annotations

from edupulse.mail.models import Delivery
from edupulse.mailboxes.dispatch.loops import NOTICE

CONFIDED = "It quotes what somebody wrote to us, which is for operators."


def may_read(delivery: Delivery, *, reads_letters: bool) -> bool:
    """Say whether a mail may be read by somebody who may, or may not, read letters."""
    return reads_letters or delivery.kind != NOTICE
