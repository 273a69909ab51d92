"""The mails lined up before an open connection: fetched from the caller one by one, and made ready for the line."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

from edupulse.mail.account import SmtpAccount
from edupulse.mail.envelope import Envelope, Extensions, mail_command, on_the_line, rcpt_command, refusal
from edupulse.mail.outcome import Outcome, Phase, Verdict
from edupulse.mail.replies import Meaning
from edupulse.mail.turn import Turn, refused_here
from edupulse.mail.wire import Wire

# Seconds. Fetching a mail ahead from a slower source would hold up the one before it for longer than it saves.
_SLOW_SOURCE = 0.05


class LinedUp(Turn):
    """One mail of the line-up.

    `ahead`: its envelope left with the dot of the mail before it; `named`: the server has answered to that envelope;
    `ends`: what became of the mail where it got no further.
    """

    def __init__(
        self, envelope: Envelope, wire: Wire, account: SmtpAccount, offers: Extensions, *, first: bool
    ) -> None:
        super().__init__(wire, account, first=first)
        self.envelope = envelope
        self.ahead = self.named = False
        self.ends: Outcome | None = None
        self.commands = self.body = b""
        if cause := refusal(envelope, offers):
            self.ends = self.outcome(refused_here(cause))
        else:
            self.commands = b"%b\r\n%b\r\nDATA\r\n" % (mail_command(envelope, offers), rcpt_command(envelope))
            self.body = on_the_line(envelope.data)

    def left_behind(self, before: Outcome) -> Outcome:
        """Return what became of a mail whose data never began, since the line ended with the mail before it."""
        dead = before.verdict is Verdict.UNREACHABLE
        verdict = Verdict.UNREACHABLE if dead else Verdict.SESSION_LIMIT
        self.phase = Phase.MAIL
        return self.unclean(Meaning(verdict, before.retry_after if dead else None, "not_begun"))


class Source:
    """The caller's mails. `quick` tells whether fetching one ahead costs less than it saves."""

    def __init__(self, envelopes: Iterator[Envelope]) -> None:
        self._envelopes = envelopes
        self._begun = False
        self._failure: Exception | None = None
        self.quick = True

    def next(self) -> Envelope | None:
        """Return the next mail; None when there is none, or when fetching it failed."""
        started = monotonic()
        try:
            return next(self._envelopes, None)
        except Exception as failure:  # noqa: BLE001 - the mail under way is finished first, then `close` raises it
            self._failure = failure
            return None
        finally:
            self.quick = not self._begun or monotonic() - started < _SLOW_SOURCE
            self._begun = True

    def close(self) -> None:
        """Raise what the source raised."""
        if self._failure:
            raise self._failure
