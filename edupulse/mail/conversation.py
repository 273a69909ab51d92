"""One mail's way over an open line, phase by phase: it always knows whether the final dot has gone out."""

from __future__ import annotations

from collections.abc import Callable

from edupulse.mail.account import SLOWEST_UPLOAD, SmtpAccount
from edupulse.mail.envelope import (
    Envelope,
    Extensions,
    mail_command,
    on_the_line,
    rcpt_command,
    refusal,
)
from edupulse.mail.outcome import Outcome, Phase, Verdict
from edupulse.mail.replies import Meaning, Reply
from edupulse.mail.turn import DONE, GO_ON, Turn, refused_here
from edupulse.mail.wire import LineFault, Wire

BeforeDot = Callable[[], bool]


class Transaction(Turn):
    """One try to hand over one mail, each command answered before the next is said."""

    def __init__(self, wire: Wire, account: SmtpAccount, offers: Extensions, *, first: bool) -> None:
        super().__init__(wire, account, first=first)
        self._offers = offers

    def send(self, envelope: Envelope, before_dot: BeforeDot | None) -> Outcome:
        """Hand `envelope` over; see Session.send."""
        self.begin(len(envelope.data))
        if cause := refusal(envelope, self._offers):
            return self.outcome(refused_here(cause))
        try:
            return self._name(envelope) or self._pour(envelope.data, before_dot) or self._answer()
        except LineFault as fault:
            return self.broken(fault)

    def check_sender(self, mail_from: str) -> Outcome:
        """Ask whether `mail_from` may send; nothing is sent."""
        self.begin()
        envelope = Envelope(mail_from, mail_from, b"")
        if cause := refusal(envelope, self._offers):
            return self.outcome(Meaning(Verdict.LOCAL_REFUSAL, None, cause))
        try:
            return self._sender_answer(self._ask(Phase.MAIL, mail_command(envelope, self._offers)))
        except LineFault as fault:
            return self.broken(fault)

    def reset(self) -> None:
        """Let the server forget a transaction that ended half-way; not clean if it will not."""
        # It must not leak into the next mail (503 "nested MAIL").
        try:
            self.clean = self.clean and self._ask(self.phase, b"RSET").code in DONE
        except LineFault:
            self.clean = False

    def _name(self, envelope: Envelope) -> Outcome | None:
        for phase, command, wanted in (
            (Phase.MAIL, mail_command(envelope, self._offers), DONE),
            (Phase.RCPT, rcpt_command(envelope), DONE),
            (Phase.DATA, b"DATA", GO_ON),
        ):
            reply = self._ask(phase, command)
            if reply.code not in wanted:
                return self._refusal(reply)
        return None

    def _pour(self, data: bytes, before_dot: BeforeDot | None) -> Outcome | None:
        self.phase = Phase.BODY
        self.allow(self._account.timeout + len(data) / SLOWEST_UPLOAD)
        self._wire.write(on_the_line(data), patience=self._account.timeout)
        self._wire.require_silence()
        if before_dot is not None and not before_dot():
            return self.unclean(Meaning(Verdict.WITHDRAWN, None, "withdrawn"))
        self._wire.require_silence()
        self.end_body(b".\r\n", 3)
        return None

    def _answer(self) -> Outcome:
        self.allow_answer()
        reply = self._wire.reply()
        outcome = self.answered(reply, contradicted=self.contradicted(reply))
        if self.phase is Phase.DOT and self.clean:
            self.reset()
        return outcome

    def _sender_answer(self, reply: Reply) -> Outcome:
        if reply.code not in DONE:
            return self._refusal(reply)
        outcome = self.outcome(Meaning(Verdict.WITHDRAWN, None, "sender_accepted"), reply)
        self.reset()
        return outcome

    def _refusal(self, reply: Reply) -> Outcome:
        outcome = self.refused(reply)
        if self.clean:
            self.reset()
        return outcome

    def _ask(self, phase: Phase, command: bytes) -> Reply:
        self.phase = phase
        self.allow(self._account.timeout)
        self._wire.require_silence()
        self._wire.write(command + b"\r\n")
        return self._wire.reply()
