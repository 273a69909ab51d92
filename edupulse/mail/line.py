"""Claimed mails leave here: one behind the other over warm connections, each outcome noted before it is written down.

The life of one mail: queued -> sending (claimed) -> its dot noted in the journal -> final dot -> answer, noted -> its
state, written with those of its batch. A worker that dies before the note leaves a mail that is surely not sent and
goes out again; one that dies between note and answer leaves a mail of which nobody knows, and its state says so. No
transaction is open while the network is used.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import cast

from edupulse.clock import now
from edupulse.logs import get_logger
from edupulse.mail import bookkeeping, bursts, claims, connections, dkim, senders
from edupulse.mail.another_try import is_worth_another
from edupulse.mail.bookkeeping import Entry
from edupulse.mail.claims import Claimed
from edupulse.mail.compose import build_message
from edupulse.mail.envelope import Envelope
from edupulse.mail.journal import Journal
from edupulse.mail.look import Look, looking
from edupulse.mail.outcome import Outcome, Verdict
from edupulse.mail.presses import press_of
from edupulse.mail.return_path import return_paths
from edupulse.mail.round import Round
from edupulse.mail.smtp import NotConnected, Session

TRIES_IN_HAND = 4  # how often a mail is tried at once where the connection is to blame
NOT_BEGUN = "not_begun"  # the cause of a mail that stood behind another one when the line broke
WRITE_EVERY = 0.5  # seconds after which outcomes are written, so that a slow line is seen to move
WRITE_AT = 100  # outcomes written at once

# Not this mail but the whole account has to wait.
EVERYBODY_WAITS = (Verdict.PACE, Verdict.QUOTA, Verdict.UNREACHABLE)

log = get_logger(__name__)


def send(mails: Sequence[Claimed], work: Round, lines: Journal) -> bool:
    """Send a claim's mails and write down what came of each; False when what is left of it must wait."""
    lines.expect([mail.id for mail in mails])
    with looking(mails) as look:
        trip = _Trip(mails, work, lines, look)
        go_on = trip.all_the_way()
    trip.write()
    if trip.is_complete:
        lines.end()
    return go_on


@dataclass(frozen=True)
class _Parcel(Envelope):
    mail: Claimed | None = None


class _Trip:
    """A claim's mails on their way, in their order, over as many connections as that takes."""

    def __init__(self, mails: Sequence[Claimed], work: Round, lines: Journal, look: Look) -> None:
        self._work = work
        self._lines = lines
        self._look = look
        self._waiting = deque(mails)
        self._pulled: deque[Claimed] = deque()  # on the line, their outcome not yet known
        self._tries: Counter[int] = Counter()
        self._unwritten: list[Entry] = []
        self._failures = 0  # connections in a row that could not be opened
        self._is_held = False  # the mailing: nothing of it can be composed
        paths = return_paths()
        self._return_paths = paths if paths.are_used else None

    @property
    def is_complete(self) -> bool:
        """Tell whether nothing of the claim is left in hand: each mail's outcome is in the ledger."""
        return not self._waiting and not self._unwritten

    def all_the_way(self) -> bool:
        """Send until nothing waits; False when what is left must wait."""
        while self._may_go_on:
            try:
                with connections.leased(self._work.account) as session:
                    self._failures = 0
                    go_on = self._over(session)
            except NotConnected as failure:
                go_on = self._no_connection(failure.outcome)
            if not go_on:
                return False
        return not self._is_held

    @property
    def _may_go_on(self) -> bool:
        return bool(self._waiting) and not self._is_held

    def write(self) -> None:
        """Write down the outcomes that are not yet in the ledger."""
        if self._unwritten:
            entries, self._unwritten = self._unwritten, []
            self._work.counts.update(bookkeeping.record(entries))

    def _over(self, session: Session) -> bool:
        """Send over one connection while that goes well; False when the rest must wait."""
        try:
            sending = session.send_each(self._parcels(session), self._before_dot)
            with closing(cast(Generator[tuple[Envelope, Outcome]], sending)):
                for _, outcome in sending:
                    mail = self._pulled.popleft()
                    if outcome.cause == NOT_BEGUN:
                        self._waiting.appendleft(mail)  # the line broke before its turn: it was never tried
                        continue
                    connections.learn(self._work.account, session, outcome)
                    self._work.reached += 1
                    if self._is_tried_again(mail, outcome):
                        return True
                    if not self._conclude(mail, outcome):
                        return False
        finally:
            # One that stood ready behind an answer which changes everything: surely unsent.
            self._waiting.extendleft(reversed(self._pulled))
            self._pulled.clear()
        return True

    def _parcels(self, session: Session) -> Iterator[_Parcel]:
        while self._may_go_on and connections.room(self._work.account, session) > len(self._pulled):
            self._work.pace.wait()
            mail = self._waiting.popleft()
            if (parcel := self._parcel(mail)) is not None:
                self._pulled.append(mail)
                yield parcel
                if self._work.pace.gap:
                    return  # a server that asks for patience gets one mail after the other

    def _parcel(self, mail: Claimed) -> _Parcel | None:
        try:
            data = _bytes_of(mail, self._work.sender_address)
        except Exception as error:
            log.exception("mail cannot be composed", delivery_id=mail.id)
            reason = f"The mail cannot be composed: {error}"
            self._work.counts[bookkeeping.refuse(mail, reason)] += 1
            self._is_held = bursts.hold_if_none_can_be_composed(mail, reason)
            return None
        paths = self._return_paths
        mail_from = paths.mail_from(mail.id) if paths else self._work.mail_from
        return _Parcel(mail_from, mail.address, data, not mail.address.isascii(), mail)

    def _before_dot(self, parcel: Envelope) -> bool:
        mail = parcel.mail if isinstance(parcel, _Parcel) else None
        if mail is None or not self._look.may_leave(mail):
            return False
        self._lines.dot(mail.id)
        return True

    def _is_tried_again(self, mail: Claimed, outcome: Outcome) -> bool:
        """Keep the mail in hand for another connection where that helps; waits as long as that needs."""
        self._tries[mail.id] += 1
        if outcome.cause == "improper_pipelining":
            self._work.account = replace(self._work.account, pipelining=False)
            senders.note_no_pipelining(self._work.sender_id)
        if self._tries[mail.id] >= TRIES_IN_HAND:
            return False
        if not is_worth_another(outcome, self._work.pace, self._tries[mail.id]):
            return False
        self.write()
        bookkeeping.record_and_keep(mail, outcome)
        self._lines.again(mail.id)
        self._waiting.appendleft(mail)
        return True

    def _no_connection(self, outcome: Outcome) -> bool:
        """No mail was tried, so none is charged: another connection, or the account waits, or a person is asked."""
        self._failures += 1
        if self._failures < TRIES_IN_HAND and is_worth_another(outcome, self._work.pace, self._failures):
            return True
        self.write()
        if outcome.verdict is Verdict.SENDER:
            senders.pause_after(outcome, self._work.account)
        elif outcome.cause == "concurrency":
            claims.postpone(self._waiting[0], outcome)  # other workers hold the connections there are
        else:
            senders.hold_after(outcome, self._work.account)
        return False

    def _conclude(self, mail: Claimed, outcome: Outcome) -> bool:
        if outcome.verdict is Verdict.WITHDRAWN:
            state = claims.let_go(mail)
            self._work.counts[state] += 1
            return state != "queued"
        self._lines.answer(mail.id, outcome)
        self._unwritten.append(Entry(mail, outcome, now()))
        if outcome.sent:
            return self._sent()
        self.write()
        log.info("mail refused", delivery_id=mail.id, verdict=outcome.verdict.value, code=outcome.code)
        return self._go_on_after(mail, outcome)

    def _sent(self) -> bool:
        if len(self._unwritten) >= WRITE_AT or _age(self._unwritten[0]) > WRITE_EVERY:
            self.write()
        self._work.pace.ease()
        if self._work.had_failed:
            senders.note_success(self._work.sender_id)
            self._work.had_failed = False
        return True

    def _go_on_after(self, mail: Claimed, outcome: Outcome) -> bool:
        """Draw for all mails the conclusion from this one's outcome; False when they must wait."""
        if outcome.verdict is Verdict.SENDER:
            senders.pause_after(outcome, self._work.account)
            return False
        if outcome.cause == "concurrency":
            claims.postpone(mail, outcome)
            return False
        if outcome.verdict in EVERYBODY_WAITS or (
            outcome.verdict is Verdict.SESSION_LIMIT and outcome.retry_after
        ):
            senders.hold_after(outcome, self._work.account)
            return False
        return not bursts.hold_after(mail, outcome)


def _bytes_of(mail: Claimed, sender_address: str) -> bytes:
    if mail.mailing_id is not None and mail.letter_id is not None:
        return press_of(mail.mailing_id, mail.letter_id).mail(mail)
    if mail.content is None:
        raise LookupError("its text is no longer kept")
    return dkim.sign(build_message(mail, mail.content, sender_address))


def _age(entry: Entry) -> float:
    return (now() - entry.at).total_seconds()
