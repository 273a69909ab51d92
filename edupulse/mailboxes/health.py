"""How a mailbox does, in one word and one sentence, from its row alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from edupulse.mailboxes.models import Mailbox

LATE_AFTER = timedelta(minutes=5)  # beyond its interval: nobody polls, the clock or the workers are away


@dataclass(frozen=True)
class Health:
    """State: ok | new | retrying | stopped | disabled | late."""

    state: str
    words: str
    cure: str = ""
    lag_seconds: float | None = None  # since the last complete look
    next_poll_at: datetime | None = None


def health_of(mailbox: Mailbox, moment: datetime) -> Health:
    """Judge a mailbox at `moment`."""
    lag = (moment - mailbox.succeeded_at).total_seconds() if mailbox.succeeded_at else None
    if mailbox.removed_at is not None or not mailbox.enabled:
        return Health(
            "disabled", "Switched off: it is not polled.", "Switch it on to go on where it stopped.", lag
        )
    if mailbox.stopped_at is not None:
        return Health("stopped", mailbox.error or "It is not polled any more.", mailbox.cure or "", lag)
    if mailbox.failures:
        return Health("retrying", mailbox.error or "", mailbox.cure or "", lag, mailbox.retry_at)
    following = (mailbox.polled_at or mailbox.created_at) + timedelta(seconds=mailbox.interval_seconds)
    if moment - following > LATE_AFTER:
        cure = "Are scheduler and workers running? `python cli.py status` says so."
        return Health("late", "It was not polled when it should have been.", cure, lag, following)
    if mailbox.succeeded_at is None:
        return Health("new", "Its first poll is still to come.", "", lag, following)
    words = f"{mailbox.backlog} messages are still to be fetched." if mailbox.backlog else "All is fetched."
    if mailbox.error:  # without a failure: the server could not be told what became of the messages
        words = f"{words} But on the server nothing is moved or marked: {mailbox.error}"
    return Health("ok", words, mailbox.cure or "", lag, following)
