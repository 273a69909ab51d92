"""Mail after mail without a pause: each body travels together with the envelope of the mail behind it (RFC 2920).

What goes over the line; in doubt is only the one mail whose dot has left and whose answer is awaited:

    MAIL RCPT DATA (1)                    ->  250 250 354
    body and dot (1), MAIL RCPT DATA (2)  ->  250 (1), 250 250 354 (2)
    body and dot (2)                      ->  250 (2)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from time import monotonic

from edupulse.mail.account import SLOWEST_UPLOAD, SmtpAccount
from edupulse.mail.envelope import Envelope, Extensions
from edupulse.mail.lineup import LinedUp, Source
from edupulse.mail.outcome import Outcome, Phase, Verdict
from edupulse.mail.replies import Meaning, Reply
from edupulse.mail.turn import DONE, GO_ON
from edupulse.mail.wire import CHUNK, LineFault, Wire

BeforeEachDot = Callable[[Envelope], bool]

# Seconds of silence behind a dot's answer after which the server is taken to have thrown away what came with it.
_IMPROPER_AFTER = 10.0

_DOT = b".\r\n"
_STEPS = ((Phase.MAIL, DONE), (Phase.RCPT, DONE), (Phase.DATA, GO_ON))
_IMPROPER = Meaning(Verdict.PROTOCOL, None, "improper_pipelining")
_OUT_OF_STEP = Meaning(Verdict.PROTOCOL, None, "out_of_step")
_ALL_TAKEN = re.compile(rb"(?:25[0-9] [^\r\n]*\r\n){2}354 [^\r\n]*\r\n")


class Pipeline:
    """The mails of one connection. `clean` tells whether more may follow on its line."""

    def __init__(self, wire: Wire, account: SmtpAccount, offers: Extensions) -> None:
        self._wire = wire
        self._account = account
        self._offers = offers
        self._half_open = False  # a transaction was refused half-way: the next one begins with RSET
        self._busy = False  # an envelope is on the line whose mail is still to come
        self._proven: set[bool] = set()  # False: a group of commands was answered; True: one behind a dot was
        self._out_of_step = False  # an answer came that belongs to no command
        self.clean = True

    def run(
        self, envelopes: Iterator[Envelope], before_dot: BeforeEachDot, *, first: bool
    ) -> Iterator[tuple[Envelope, Outcome]]:
        """Hand the mails over and yield each with what became of it; see Session.send_each."""
        source = Source(envelopes)
        mail = self._next(source, first=first)
        while mail is not None:
            outcome, behind = self._carry(mail, source, before_dot)
            self._busy = behind is not None and behind.ahead
            yield mail.envelope, outcome
            if behind is not None and not self.clean:
                yield behind.envelope, behind.left_behind(outcome)
            mail = (behind or self._next(source)) if self.clean else None
        source.close()

    def settle(self) -> bool:
        """Leave the line ready for whoever comes next; False where nothing is left but to hang up."""
        if self._busy or not self.clean:
            return False
        if self._half_open:
            self._half_open, self.clean = False, self._reset()
        return self.clean

    def _next(self, source: Source, *, first: bool = False) -> LinedUp | None:
        envelope = source.next()
        if envelope is None:
            return None
        return LinedUp(envelope, self._wire, self._account, self._offers, first=first)

    def _carry(
        self, mail: LinedUp, source: Source, before_dot: BeforeEachDot
    ) -> tuple[Outcome, LinedUp | None]:
        """Take one mail all the way; return what became of it, and the mail behind it if it was fetched meanwhile."""
        behind = None
        try:
            if mail.ends is None:
                self._announce(mail)
                behind = self._next(source) if source.quick else None
                self._name(mail)
            outcome = mail.ends or self._hand_over(mail, behind, before_dot)
        except LineFault as fault:
            outcome = mail.broken(fault)
        self.clean = self.clean and mail.clean
        return outcome, behind

    def _announce(self, mail: LinedUp) -> None:
        if mail.ahead:
            return
        mail.begin(len(mail.body))
        mail.allow(self._account.timeout)
        self._wire.require_silence()
        self._wire.write(b"RSET\r\n" + mail.commands if self._half_open else mail.commands)

    def _name(self, mail: LinedUp) -> None:
        """Read what the server answers to a mail's envelope; the mail `ends` here if it is refused."""
        if mail.named:
            return
        mail.named = True
        mail.begin(len(mail.body))
        try:
            self._await(mail)
            if self._half_open or not self._wire.passes(_ALL_TAKEN):
                self._read_answers(mail)
            if mail.ends is None:
                self._proven.add(mail.ahead)
        except LineFault as fault:
            if fault.cause == "timeout" and not mail.late and self._is_unproven(mail):
                mail.phase = Phase.MAIL  # the server's doing: it counts as no attempt of this mail
                mail.ends = mail.unclean(_IMPROPER)
            else:
                mail.ends = mail.broken(fault)

    def _await(self, mail: LinedUp) -> None:
        unproven = mail.ahead and True not in self._proven
        mail.allow(min(_IMPROPER_AFTER, self._account.timeout / 2) if unproven else self._account.timeout)
        self._wire.listen()
        mail.allow(self._account.timeout)

    def _is_unproven(self, mail: LinedUp) -> bool:
        # A server that never yet answered such a group may have lost what it heard behind the group's first command.
        return mail.ahead not in self._proven and (mail.ahead or mail.phase is not Phase.MAIL)

    def _read_answers(self, mail: LinedUp) -> None:
        if self._half_open:
            self._half_open = False
            if (reply := self._wire.reply()).code not in DONE:
                mail.ends = mail.unclean(_OUT_OF_STEP, reply)
                return
        for place, (phase, wanted) in enumerate(_STEPS):
            mail.phase = phase
            mail.allow(self._account.timeout)
            reply = self._wire.reply()
            if reply.code not in wanted:
                self._refuse(mail, reply, _STEPS[place + 1 :])
                return

    def _refuse(self, mail: LinedUp, reply: Reply, unread: Sequence[tuple[Phase, range]]) -> None:
        mail.ends = mail.refused(reply)
        self._out_of_step |= reply.code < 400
        if reply.code == 503 and self._is_unproven(mail):
            mail.ends = mail.unclean(_IMPROPER, reply)
        if mail.clean:
            self._half_open = True
            mail.clean = all(self._agrees(mail, phase) for phase, _ in unread)

    def _agrees(self, mail: LinedUp, phase: Phase) -> bool:
        """Read the answer to a command behind the refused one; False if nothing may follow it on this line."""
        try:
            mail.allow(self._account.timeout)
            code = self._wire.reply().code
        except LineFault:
            return False
        # A 354 now wants a body that nobody may get: the only clean way out is to hang up.
        self._out_of_step |= code < 400 and code not in (DONE if phase is Phase.RCPT else GO_ON)
        return code != 421 and (code >= 400 or (phase is Phase.RCPT and code in DONE))

    def _hand_over(self, mail: LinedUp, behind: LinedUp | None, before_dot: BeforeEachDot) -> Outcome:
        mail.phase = Phase.BODY
        body = mail.body
        if len(body) > CHUNK:
            mail.allow(self._account.timeout + len(body) / SLOWEST_UPLOAD)
            self._wire.write(body, self._account.timeout)
            body = b""
        self._wire.require_silence()
        if not before_dot(mail.envelope):
            return mail.unclean(Meaning(Verdict.WITHDRAWN, None, "withdrawn"))
        self._wire.require_silence()
        if behind is not None and behind.ends is None:
            behind.ahead = self._end_body(mail, body + _DOT + behind.commands, len(body) + len(_DOT))
        else:
            self._end_body(mail, body + _DOT, len(body) + len(_DOT))
        return self._answer(mail, behind)

    def _end_body(self, mail: LinedUp, data: bytes, dot: int) -> bool:
        try:
            mail.end_body(data, dot)
        except LineFault:
            if mail.phase is not Phase.DOT:
                raise
            mail.clean = False  # the dot is out, and perhaps its answer is already here
        return mail.clean

    def _answer(self, mail: LinedUp, behind: LinedUp | None) -> Outcome:
        mail.allow_answer()
        reply = self._wire.reply()
        if behind is not None and behind.ahead:
            return mail.answered(reply, contradicted=self._shifted(reply, behind))
        outcome = mail.answered(reply, contradicted=mail.contradicted(reply))
        self._half_open = not outcome.sent
        return outcome

    def _shifted(self, reply: Reply, behind: LinedUp) -> bool:
        """Tell whether the answers behind `reply` show that it may have been another command's."""
        # A second answer to one dot looks like the first one to the envelope behind it. Where the two disagree we
        # read on: if the row of answers then does not fit the commands, nobody knows what became of the mail.
        refused = reply.code >= 400 and reply.code != 421
        accepted_and_then = reply.code in DONE and self._wire.next_class in (3, 4, 5)
        if not refused and not accepted_and_then:
            return False
        self._name(behind)
        return self._out_of_step

    def _reset(self) -> bool:
        try:
            self._wire.deadline = monotonic() + self._account.timeout
            self._wire.require_silence()
            self._wire.write(b"RSET\r\n")
            return self._wire.reply().code in DONE
        except LineFault:
            return False
