"""What follows from a try: where its mail goes, and when it is tried again. Pure decisions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from edupulse.mail.outcome import Outcome, Verdict
from edupulse.mail.retry import next_attempt, next_connection
from edupulse.mail.senders import said

MOST_SENT_AGAIN = 3  # tries of a mail that must not be missed, whatever is unknown of the ones before
FINAL = {
    Verdict.SENT: "sent",
    Verdict.RECIPIENT_PERMANENT: "rejected",
    Verdict.CONTENT: "rejected",
    Verdict.LOCAL_REFUSAL: "rejected",
    Verdict.UNKNOWN: "unknown",
}
HELD_WITH_THE_SENDER = (Verdict.SENDER, Verdict.UNREACHABLE)  # the row waits as it was, the account is paused


class Tried(Protocol):
    """What must be known of a mail to decide what follows from a try; Claimed is one."""

    @property
    def id(self) -> int: ...
    @property
    def token(self) -> str: ...
    @property
    def mailing_id(self) -> int | None: ...
    @property
    def address(self) -> str: ...
    @property
    def accepted_at(self) -> datetime: ...
    @property
    def expires_at(self) -> datetime | None: ...
    @property
    def attempts_made(self) -> int: ...
    @property
    def tries(self) -> int: ...
    @property
    def resend_unknown(self) -> bool: ...


@dataclass(frozen=True)
class Next:
    """Where a mail goes after a try."""

    state: str
    reason: str | None = None
    at: datetime | None = None  # of the next try


def after(outcome: Outcome, mail: Tried, moment: datetime) -> Next:
    """Decide what follows from `outcome`."""
    if outcome.verdict is Verdict.SENT:
        return Next("sent")
    if outcome.verdict is Verdict.UNKNOWN and mail.resend_unknown and mail.tries + 1 < MOST_SENT_AGAIN:
        at = next_attempt(moment, **_life(mail), tries=mail.tries, retry_after=None)
        if at is not None:
            return Next("deferred", f"{said(outcome)} It must not be missed, so it is sent again.", at)
    if outcome.verdict in FINAL:
        return Next(FINAL[outcome.verdict], said(outcome))
    if outcome.verdict in HELD_WITH_THE_SENDER:
        return Next("queued", said(outcome))
    wait = next_attempt if outcome.charged or outcome.verdict is Verdict.QUOTA else next_connection
    tries = mail.attempts_made if outcome.charged else mail.tries
    at = wait(moment, tries=tries, retry_after=outcome.retry_after, **_life(mail))
    if at is None:
        return Next("rejected", f"Given up after {mail.tries + 1} tries, no time is left. {said(outcome)}")
    return Next("deferred", said(outcome), at)


def _life(mail: Tried) -> dict[str, Any]:
    return {"accepted_at": mail.accepted_at, "expires_at": mail.expires_at}
