"""What happens next to a mail, in one sentence: decided from its state and from what holds it up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from edupulse.config import current_settings
from edupulse.mail.mailing import Mailing
from edupulse.mail.models import Delivery, Sender
from edupulse.walltime import to_local


@dataclass(frozen=True)
class Afterwards:
    """The facts that decide what follows; times are aware."""

    state: str
    attempts: int = 0
    next_attempt_at: datetime | None = None
    expires_at: datetime | None = None
    resends_unknown: bool = False  # its campaign would rather send twice than miss somebody
    is_opened: bool = True  # its campaign has begun
    hold_reason: str = ""  # why its campaign is paused
    pause_reason: str = ""  # why the account is paused
    timezone: str = "UTC"

    @classmethod
    def of(cls, delivery: Delivery, mailing: Mailing | None, sender: Sender | None) -> Afterwards:
        """Gather the facts of one mail."""
        is_paused = sender is not None and sender.paused_at is not None
        is_held = mailing is not None and mailing.held_at is not None
        return cls(
            state=delivery.state,
            attempts=delivery.attempts_made,
            next_attempt_at=delivery.next_attempt_at,
            expires_at=delivery.expires_at,
            resends_unknown=mailing is not None and mailing.resend_unknown,
            is_opened=mailing is None or mailing.opened_at is not None,
            hold_reason=(mailing.hold_reason or "It was paused.") if mailing and is_held else "",
            pause_reason=(sender.pause_reason or "It was paused.") if sender and is_paused else "",
            timezone=current_settings().timezone,
        )


def what_follows(facts: Afterwards) -> str:
    """Return what happens next, or what a person can do."""
    if facts.state in ("queued", "deferred"):
        return _waiting(facts)
    if facts.state == "unknown" and facts.resends_unknown:
        return "It is sent once more by itself, as the same mail, because its campaign rather risks a second copy."
    return _SETTLED[facts.state]


# state -> what follows; a test holds this list to be whole
_SETTLED = {
    "sending": "A worker is talking to the mail server about it right now.",
    "sent": "Nothing: the mail server took it. If it is not seen, look into the spam folder.",
    "rejected": "Nothing by itself. Mend what the server says, then send it again.",
    "unknown": "Nothing by itself. Ask the person whether it arrived, then settle it or send it again.",
    "suppressed": "Nothing: the address must not be written to. Lift the suppression if the person agrees.",
    "cancelled": "Nothing: it was called off before it left.",
    "bounced": "Nothing by itself: it came back later, and its reason says why. If it is the address, ask for another.",
}


def _waiting(facts: Afterwards) -> str:
    if facts.hold_reason:
        return f"It waits, because its campaign is paused: {facts.hold_reason}"
    if facts.pause_reason:
        return f"It waits, because the mail account is paused: {facts.pause_reason}"
    if not facts.is_opened:
        return "It waits until its campaign begins."
    if facts.state == "queued":
        return "It leaves as soon as it is its turn."
    when = _at(facts.next_attempt_at, facts)
    verb = "tried again" if facts.attempts else "sent"
    until = f" It is given up at {_at(facts.expires_at, facts)}." if facts.expires_at else ""
    return f"It is {verb} at {when}.{until}"


def _at(moment: datetime | None, facts: Afterwards) -> str:
    return f"{to_local(moment, facts.timezone):%Y-%m-%d %H:%M}" if moment else "the next round"
