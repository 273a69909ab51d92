"""One mail's turn on an open line: how far it has come, how long it may take, and what became of it."""

from __future__ import annotations

from time import monotonic

from edupulse.mail.account import SmtpAccount
from edupulse.mail.outcome import Outcome, Phase, Verdict
from edupulse.mail.replies import Meaning, Reply, classify
from edupulse.mail.wire import LineFault, Wire

DONE = range(250, 260)
GO_ON = range(354, 355)

_ENDS_THE_SESSION = (Verdict.SESSION_LIMIT, Verdict.PROTOCOL)


class Turn:
    """What every way of handing a mail over shares. `clean` tells whether another may follow on the same line."""

    def __init__(self, wire: Wire, account: SmtpAccount, *, first: bool) -> None:
        self._wire = wire
        self._account = account
        self._first = first
        self._started = self._limit = monotonic()
        self.phase = Phase.MAIL
        self.clean = True

    def begin(self, size: int = 0) -> None:
        """Start the clock of a mail of `size` bytes: all up to its dot must be done by then."""
        self._started = monotonic()
        self._limit = self._started + self._account.seconds_for(size)

    @property
    def late(self) -> bool:
        """Tell whether the mail has used up the time it has in all."""
        return monotonic() >= self._limit

    def allow(self, seconds: float) -> None:
        """Give what comes next so many seconds, and not more than the whole mail has left."""
        self._wire.deadline = min(monotonic() + seconds, self._limit)

    def allow_answer(self) -> None:
        """Give the answer to the dot the time that it alone has."""
        self._wire.deadline = monotonic() + self._account.accept_timeout

    def end_body(self, data: bytes, dot: int) -> None:
        """Write `data`, which holds the final dot: the mail ends before its byte `dot`, and with that its certainty.

        Only the whole dot ends a mail, so where the line breaks before it the mail is surely not sent.
        """
        self._wire.deadline = monotonic() + self._account.timeout  # the caller's note took its own time
        try:
            self._wire.write(data, self._account.timeout, dot)
        finally:
            if self._wire.handed >= dot:
                self.phase = Phase.DOT

    def answered(self, reply: Reply, *, contradicted: bool = False) -> Outcome:
        """Say what the answer to the dot means."""
        if contradicted or (reply.code < 400 and reply.code not in DONE):
            return self.unclean(Meaning(Verdict.UNKNOWN, None, "garbled"), reply)
        if reply.code not in DONE:
            return self.refused(reply)
        self.phase = Phase.ACCEPTED
        return self.outcome(Meaning(Verdict.SENT, None, "accepted"), reply)

    def contradicted(self, reply: Reply) -> bool:
        """Tell whether a second answer to the one dot has arrived that disagrees with `reply`."""
        # One of the two belongs to an earlier command, and nobody knows which. A farewell (421) behind the
        # answer is no second answer, and two answers that agree leave no doubt.
        if self._wire.silent():
            return False
        self.clean = False
        second = self._wire.arrived_reply()
        return second is not None and second.code != 421 and second.code // 100 != reply.code // 100

    def refused(self, reply: Reply) -> Outcome:
        """Say what a refusal means; not clean any more if no other mail may follow it."""
        outcome = self.outcome(self._meaning(reply), reply)
        if outcome.verdict in _ENDS_THE_SESSION or outcome.cause == "concurrency" or reply.code == 421:
            self.clean = False
        return outcome

    def broken(self, fault: LineFault) -> Outcome:
        """Say what the end of the line means for this mail."""
        if self.phase is Phase.DOT:
            cause = "garbled" if fault.cause == "garbled" else "no_answer"
            return self.unclean(Meaning(Verdict.UNKNOWN, None, cause), detail=fault.detail)
        # The server's last words say more than the broken line: a 421 as it left, a 552 amid the body. What
        # follows garbage is answers to other commands.
        words = self._wire.arrived_reply() if fault.cause != "garbled" else None
        if words is not None and words.code >= 400:
            return self.unclean(self._meaning(words), words)
        return self.unclean(self._meaning_of(fault), detail=fault.detail)

    def unclean(self, meaning: Meaning, reply: Reply | None = None, detail: str = "") -> Outcome:
        """Return an outcome after which nothing may follow on this line."""
        self.clean = False
        return self.outcome(meaning, reply, detail)

    def outcome(self, meaning: Meaning, reply: Reply | None = None, detail: str = "") -> Outcome:
        """Return what became of the mail, with what the server said."""
        return Outcome(
            phase=self.phase,
            verdict=meaning.verdict,
            cause=meaning.cause,
            code=reply.code if reply else None,
            enhanced=reply.enhanced if reply else "",
            text=reply.text if reply else detail,
            server=self._account.server,
            ms=round((monotonic() - self._started) * 1000),
            retry_after=meaning.retry_after,
        )

    def _meaning(self, reply: Reply) -> Meaning:
        return classify(reply.code, reply.enhanced, reply.text, self.phase, self._account.provider)

    def _meaning_of(self, fault: LineFault) -> Meaning:
        if self.phase is not Phase.MAIL or fault.cause in ("garbled", "out_of_turn"):
            return Meaning(Verdict.PROTOCOL, None, fault.cause)
        if self._first:
            return Meaning(Verdict.UNREACHABLE, None, fault.cause)
        return Meaning(Verdict.SESSION_LIMIT, None, "session_stale")


def refused_here(cause: str) -> Meaning:
    """Return what it means that we do not even try, for `cause`."""
    return Meaning(Verdict.CONTENT if cause == "too_large" else Verdict.LOCAL_REFUSAL, None, cause)
