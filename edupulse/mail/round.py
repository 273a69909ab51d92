"""What a job sends its mails through, and what came of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.mail import senders
from edupulse.mail.account import SmtpAccount
from edupulse.mail.addresses import parse_named
from edupulse.mail.limits import Pace, pace_of


@dataclass
class Round:
    """What mails are sent through, and what came of them."""

    account: SmtpAccount
    sender_id: int
    sender_address: str
    mail_from: str
    pace: Pace
    had_failed: bool  # the account was held before; the first success ends that series
    counts: Counter[str] = field(default_factory=Counter)
    reached: int = 0  # tries that the server has seen: they count against the account's limits


def open_round() -> Round | None:
    """Return what to send through now; None while the account is paused."""
    sender = senders.ready(now())
    if sender is None:
        return None
    account = replace(senders.account(), pipelining=senders.may_pipeline(sender, now()))
    address = current_settings().default_from_email
    mail_from = parse_named(address, field="DEFAULT_FROM_EMAIL")[1].mailbox
    pace = pace_of(account.server)
    return Round(account, sender.id, address, mail_from, pace, had_failed=sender.failures > 0)
