"""One open connection that takes mail after mail, until it is spent, stale, or unsure where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from time import monotonic

from edupulse.mail.account import SmtpAccount
from edupulse.mail.conversation import BeforeDot, Transaction
from edupulse.mail.envelope import Envelope, Extensions, largest
from edupulse.mail.outcome import Outcome, Phase, Verdict
from edupulse.mail.pipeline import BeforeEachDot, Pipeline
from edupulse.mail.wire import LineFault, Wire

Finished = Iterator[tuple[Envelope, Outcome]]

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
        self._pipeline = Pipeline(wire, account, offers)
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

    @property
    def pipelining(self) -> bool:
        """Tell whether mails may follow each other without a pause: offered, and not known to be broken."""
        return self._account.pipelining and "pipelining" in self._offers

    def usable(self) -> bool:
        """Tell whether another mail may go over it: within its limits, the server silent but still there."""
        idle = monotonic() - self._used
        return self._has_room() and idle < self._account.provider.idle and self._wire.silent()

    def send(self, envelope: Envelope, before_dot: BeforeDot | None = None) -> Outcome:
        """Hand one mail over and say what became of it; raises only what `before_dot` or a signal raises.

        `before_dot` is called when all but the final dot is on the line: the caller durably notes there that
        the server may have the mail from now on. If it returns False or raises, the dot is never sent.
        """
        return self._alone(envelope, before_dot)

    def send_each(self, envelopes: Iterable[Envelope], before_dot: BeforeEachDot) -> Finished:
        """Hand mails over one after the other and yield each, in order, with what became of it.

        A mail is fetched when the line has room for it: one ahead where the server offers PIPELINING, so
        `envelopes` should give it within milliseconds or end. `before_dot(envelope)` is called right before the
        bytes that hold its dot leave: durably note there that the server may have it; after False it is withdrawn.

        It ends early, without having fetched a mail in vain, when this connection is spent. When the line is lost,
        a mail that was fetched ahead comes with the cause "not_begun": surely not sent. Whoever closes the iterator
        first gives such a mail up unsent, and the line with it if the mail's envelope stood on it already. A new
        connection carries at least one mail, or that mail's outcome tells why not.
        Raises only what `before_dot`, a signal or, when nothing is under way any more, `envelopes` raises.
        """
        carry = self._pipelined if self.pipelining else self._singly
        return carry(iter(envelopes), before_dot)

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

    def _has_room(self) -> bool:
        if not self._tries:
            return self._open  # a new one carries at least one mail, or tells why not
        provider = self._account.provider
        young = monotonic() - self._opened < provider.session_age
        return self._open and young and self._tries < provider.mails_per_session

    def _takes_more(self) -> bool:
        return self.usable() if self._tries else self._open

    def _as_many_as_fit(self, envelopes: Iterator[Envelope]) -> Iterator[Envelope]:
        while self._has_room() and (envelope := next(envelopes, None)) is not None:
            self._tries += 1
            yield envelope

    def _pipelined(self, envelopes: Iterator[Envelope], before_dot: BeforeEachDot) -> Finished:
        if not self._takes_more():
            return
        fitting, first = self._as_many_as_fit(envelopes), not self._tries
        try:
            for envelope, outcome in self._pipeline.run(fitting, before_dot, first=first):
                if not self._pipeline.clean:
                    self.drop()
                yield envelope, self._counted(outcome)
        except GeneratorExit:
            self._settle()
            raise
        except BaseException:
            self.drop()
            raise
        self._settle()

    def _settle(self) -> None:
        if self._open and not self._pipeline.settle():
            self.drop()

    def _singly(self, envelopes: Iterator[Envelope], before_dot: BeforeEachDot) -> Finished:
        while self._takes_more() and (envelope := next(envelopes, None)) is not None:
            yield envelope, self._alone(envelope, partial(before_dot, envelope))

    def _alone(self, envelope: Envelope, before_dot: BeforeDot | None) -> Outcome:
        return self._try(lambda transaction: transaction.send(envelope, before_dot))

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
        spent = outcome.verdict is Verdict.SESSION_LIMIT and outcome.cause != "not_begun"
        if spent and not self.mails:
            return replace(outcome, retry_after=max(outcome.retry_after or 0.0, _SPENT_AT_ONCE))
        return outcome
