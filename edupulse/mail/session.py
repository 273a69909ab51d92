"""One open connection that takes mail after mail, until it is spent, stale, or unsure where it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import monotonic

from edupulse.mail.account import SmtpAccount
from edupulse.mail.conversation import BeforeDot, Transaction
from edupulse.mail.envelope import Envelope, Extensions, largest
from edupulse.mail.outcome import Outcome, Phase, Verdict
from edupulse.mail.wire import LineFault, Wire

# Seconds to wait where a connection that has carried nothing is already called spent: a new one would be too.
_SPENT_AT_ONCE = 10.0
_GOODBYE = 1.0  # seconds that QUIT may take; its answer changes nothing


class Session:
    """A connection past its login. Get one from `smtp.connect`; it belongs to one thread.

    `mails` is the number of mails the server has accepted over it: where a try ends in `session_limit`, that
    is as much as this server lets one connection carry.
    """

    def __init__(self, wire: Wire, account: SmtpAccount, offers: Extensions) -> None:
        self._wire = wire
        self._account = account
        self._offers = offers
        self._open = True
        self._opened = self._used = monotonic()
        self._tries = 0
        self.mails = 0

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def offers_8bit(self) -> bool:
        """Tell whether bodies may hold bytes above 127 (8BITMIME); if not, compose 7-bit ones."""
        return "8bitmime" in self._offers

    @property
    def offers_smtputf8(self) -> bool:
        """Tell whether mailbox names outside ASCII can be written to."""
        return "smtputf8" in self._offers

    @property
    def max_size(self) -> int:
        """Return the largest mail the server takes, in bytes; 0 if it does not say."""
        return largest(self._offers)

    def usable(self) -> bool:
        """Tell whether another mail may go over it: within its limits, the server silent but still there."""
        provider, now = self._account.provider, monotonic()
        return (
            self._open
            and self._tries < provider.mails_per_session
            and now - self._opened < provider.session_age
            and now - self._used < provider.idle
            and self._wire.silent()
        )

    def send(self, envelope: Envelope, before_dot: BeforeDot | None = None) -> Outcome:
        """Hand one mail over and say what became of it; raises only what `before_dot` or a signal raises.

        `before_dot` is called when all but the final dot is on the line: the caller durably notes there that
        the server may have the mail from now on. If it returns False or raises, the dot is never sent.
        """
        return self._try(lambda transaction: transaction.send(envelope, before_dot))

    def check_sender(self, mail_from: str) -> Outcome:
        """Ask whether `mail_from` may send, without sending: `cause` is then "sender_accepted"."""
        return self._try(lambda transaction: transaction.check_sender(mail_from))

    def close(self) -> None:
        """Say goodbye and hang up; never fails."""
        if self._open:
            try:
                self._wire.deadline = monotonic() + _GOODBYE
                self._wire.write(b"QUIT\r\n")
                self._wire.reply()
            except LineFault:
                pass  # the server left first, which is where we are going too
        self.drop()

    def drop(self) -> None:
        """Hang up at once: the server discards what stands on the line without its dot."""
        self._open = False
        self._wire.close()

    def _try(self, act: Callable[[Transaction], Outcome]) -> Outcome:
        transaction = Transaction(self._wire, self._account, self._offers, first=not self._tries)
        self._tries += 1
        try:
            outcome = act(transaction)
        except BaseException:
            self.drop()
            raise
        if not transaction.clean:
            self.drop()
        return self._counted(outcome)

    def _counted(self, outcome: Outcome) -> Outcome:
        self._used = monotonic()
        if outcome.phase is Phase.ACCEPTED:
            self.mails += 1
        if outcome.verdict is Verdict.SESSION_LIMIT and not self.mails:
            return replace(outcome, retry_after=max(outcome.retry_after or 0.0, _SPENT_AT_ONCE))
        return outcome
