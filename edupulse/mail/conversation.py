"""One mail's way over an open line, phase by phase: it always knows whether the final dot has gone out."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

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
from edupulse.mail.replies import Meaning, Reply, classify
from edupulse.mail.wire import LineFault, Wire

BeforeDot = Callable[[], bool]

_DONE = range(250, 260)
_GO_ON = range(354, 355)
_ENDS_THE_SESSION = (Verdict.SESSION_LIMIT, Verdict.PROTOCOL)


class Transaction:
    """One try to hand over one mail. `clean` tells afterwards whether another may follow on the same line."""

    def __init__(self, wire: Wire, account: SmtpAccount, offers: Extensions, *, first: bool) -> None:
        self._wire = wire
        self._account = account
        self._offers = offers
        self._first = first
        self._started = self._limit = monotonic()
        self._phase = Phase.MAIL
        self.clean = True

    def send(self, envelope: Envelope, before_dot: BeforeDot | None) -> Outcome:
        """Hand `envelope` over; see Session.send."""
        self._limit += self._account.seconds_for(len(envelope.data))
        if cause := refusal(envelope, self._offers):
            verdict = Verdict.CONTENT if cause == "too_large" else Verdict.LOCAL_REFUSAL
            return self._outcome(Meaning(verdict, None, cause))
        try:
            return self._name(envelope) or self._pour(envelope.data, before_dot) or self._answer()
        except LineFault as fault:
            return self._broken(fault)

    def check_sender(self, mail_from: str) -> Outcome:
        """Ask whether `mail_from` may send; nothing is sent."""
        self._limit += self._account.seconds_for()
        envelope = Envelope(mail_from, mail_from, b"")
        if cause := refusal(envelope, self._offers):
            return self._outcome(Meaning(Verdict.LOCAL_REFUSAL, None, cause))
        try:
            return self._sender_answer(self._ask(Phase.MAIL, mail_command(envelope, self._offers)))
        except LineFault as fault:
            return self._broken(fault)

    def _name(self, envelope: Envelope) -> Outcome | None:
        for phase, command, wanted in (
            (Phase.MAIL, mail_command(envelope, self._offers), _DONE),
            (Phase.RCPT, rcpt_command(envelope), _DONE),
            (Phase.DATA, b"DATA", _GO_ON),
        ):
            reply = self._ask(phase, command)
            if reply.code not in wanted:
                return self._refused(reply)
        return None

    def _pour(self, data: bytes, before_dot: BeforeDot | None) -> Outcome | None:
        self._phase = Phase.BODY
        self._allow(self._account.timeout + len(data) / SLOWEST_UPLOAD)
        self._wire.write(on_the_line(data), patience=self._account.timeout)
        self._wire.require_silence()
        if before_dot is not None and not before_dot():
            return self._unclean(Meaning(Verdict.WITHDRAWN, None, "withdrawn"))
        self._wire.require_silence()
        self._wire.deadline = monotonic() + self._account.timeout  # the caller's note took its own time
        self._wire.write(b".\r\n")  # if this fails the dot has not left: only the whole of it ends a mail
        self._phase = Phase.DOT
        return None

    def _answer(self) -> Outcome:
        self._wire.deadline = monotonic() + self._account.accept_timeout
        reply = self._wire.reply()
        doubtful = self._contradicted(reply) or (reply.code < 400 and reply.code not in _DONE)
        if doubtful:
            return self._unclean(Meaning(Verdict.UNKNOWN, None, "garbled"), reply)
        if reply.code not in _DONE:
            return self._refused(reply)
        self._phase = Phase.ACCEPTED
        return self._outcome(Meaning(Verdict.SENT, None, "accepted"), reply)

    def _contradicted(self, reply: Reply) -> bool:
        # Two answers to one dot: one of them belongs to an earlier command, and nobody knows
        # which. A farewell
        # (421) behind the answer is no second answer, and two answers that agree leave no doubt.
        if self._wire.silent():
            return False
        self.clean = False
        second = self._wire.arrived_reply()
        return second is not None and second.code != 421 and second.code // 100 != reply.code // 100

    def _sender_answer(self, reply: Reply) -> Outcome:
        if reply.code not in _DONE:
            return self._refused(reply)
        outcome = self._outcome(Meaning(Verdict.WITHDRAWN, None, "sender_accepted"), reply)
        self._reset()
        return outcome

    def _ask(self, phase: Phase, command: bytes) -> Reply:
        self._phase = phase
        self._allow(self._account.timeout)
        self._wire.require_silence()
        self._wire.write(command + b"\r\n")
        return self._wire.reply()

    def _allow(self, seconds: float) -> None:
        self._wire.deadline = min(monotonic() + seconds, self._limit)

    def _refused(self, reply: Reply) -> Outcome:
        outcome = self._outcome(self._meaning(reply), reply)
        if outcome.verdict in _ENDS_THE_SESSION or outcome.cause == "concurrency" or reply.code == 421:
            self.clean = False
        else:
            self._reset()
        return outcome

    def _reset(self) -> None:
        # A transaction that ended half-way must not leak into the next mail (503 "nested MAIL").
        try:
            self.clean = self.clean and self._ask(self._phase, b"RSET").code in _DONE
        except LineFault:
            self.clean = False

    def _broken(self, fault: LineFault) -> Outcome:
        if self._phase is Phase.DOT:
            cause = "garbled" if fault.cause == "garbled" else "no_answer"
            return self._unclean(Meaning(Verdict.UNKNOWN, None, cause), detail=fault.detail)
        # The server's last words say more than the broken line: a 421 as it left, a 552 amid the body.
        words = self._wire.arrived_reply()
        if words is not None and words.code >= 400:
            return self._unclean(self._meaning(words), words)
        return self._unclean(self._meaning_of(fault), detail=fault.detail)

    def _meaning(self, reply: Reply) -> Meaning:
        return classify(reply.code, reply.enhanced, reply.text, self._phase, self._account.provider)

    def _meaning_of(self, fault: LineFault) -> Meaning:
        if self._phase is not Phase.MAIL or fault.cause in ("garbled", "out_of_turn"):
            return Meaning(Verdict.PROTOCOL, None, fault.cause)
        if self._first:
            return Meaning(Verdict.UNREACHABLE, None, fault.cause)
        return Meaning(Verdict.SESSION_LIMIT, None, "session_stale")

    def _unclean(self, meaning: Meaning, reply: Reply | None = None, detail: str = "") -> Outcome:
        self.clean = False
        return self._outcome(meaning, reply, detail)

    def _outcome(self, meaning: Meaning, reply: Reply | None = None, detail: str = "") -> Outcome:
        return Outcome(
            phase=self._phase,
            verdict=meaning.verdict,
            cause=meaning.cause,
            code=reply.code if reply else None,
            enhanced=reply.enhanced if reply else "",
            text=reply.text if reply else detail,
            server=self._account.server,
            ms=round((monotonic() - self._started) * 1000),
            retry_after=meaning.retry_after,
        )
