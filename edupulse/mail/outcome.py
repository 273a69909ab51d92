"""What became of one try to hand a mail to a server, and what that means for the row it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """How far a try came: up to BODY the mail is surely not handed over, from DOT on it may be."""

    CONNECT = "connect"
    LOGIN = "login"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"
    DOT = "dot"
    ACCEPTED = "accepted"


class Verdict(StrEnum):
    """What the sender must do next; one value per course of action, never per reply code."""

    SENT = "sent"  # the server took responsibility
    RECIPIENT_PERMANENT = "recipient_permanent"  # this address will never work: suppress it
    RECIPIENT_TEMPORARY = "recipient_temporary"  # this address, later
    PACE = "pace"  # the account is too fast: everyone waits `retry_after`
    QUOTA = "quota"  # the account's allowance is used up: everyone waits for the window
    SESSION_LIMIT = "session_limit"  # this connection is spent: go on over a new one
    SENDER = "sender"  # our account, address, domain or TLS is refused: pause until a person mends it
    CONTENT = "content"  # this mail is refused, the address is not to blame
    PROTOCOL = "protocol"  # client and server are out of step: new connection, same mail
    UNREACHABLE = "unreachable"  # no working connection: everyone waits
    UNKNOWN = "unknown"  # the dot went out and no answer came back: never resend unasked
    WITHDRAWN = "withdrawn"  # we let go of it ourselves before the dot
    LOCAL_REFUSAL = "local_refusal"  # we did not even try: it cannot be said over this connection


_CHARGED = {
    Verdict.SENT,
    Verdict.RECIPIENT_PERMANENT,
    Verdict.RECIPIENT_TEMPORARY,
    Verdict.CONTENT,
    Verdict.UNKNOWN,
    Verdict.LOCAL_REFUSAL,
}


@dataclass(frozen=True)
class Outcome:
    """One finished try: how far it came, what it means, and what the server said.

    `cause` is a stable word ("password", "mailbox_full") that `advice` explains to people. `retry_after` is
    in seconds, None where the caller's own back-off decides. `ms` is the length of the try.
    """

    phase: Phase
    verdict: Verdict
    cause: str
    code: int | None = None
    enhanced: str = ""
    text: str = ""
    server: str = ""
    ms: int = 0
    retry_after: float | None = None

    @property
    def sent(self) -> bool:
        """Tell whether the server took the mail."""
        return self.verdict is Verdict.SENT

    @property
    def surely_not_sent(self) -> bool:
        """Tell whether sending it again cannot make a second copy."""
        return self.verdict not in (Verdict.SENT, Verdict.UNKNOWN)

    @property
    def charged(self) -> bool:
        """Tell whether this try counts against the mail's attempts.

        A line that breaks (no reply at all) once this mail's own address or data is on it counts, so that one
        mail which a server cannot digest does not go round for ever; a spent, unreachable or paced connection
        is not the mail's fault.
        """
        line_died_on_it = (
            self.verdict is Verdict.PROTOCOL and self.phase is not Phase.MAIL and self.code is None
        )
        return self.verdict in _CHARGED or line_died_on_it
