"""Mails leave here: claimed, sent one after the other over one connection, each outcome written down.

The life of one mail: queued -> sending (claimed) -> `dot_at` committed -> final dot -> answer -> its state.
A worker that dies before `dot_at` leaves a mail that is surely not sent and goes out again; one that dies
after it leaves a mail of which nobody knows, and its state says so. No transaction is open while the network
is used.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.control import progress
from edupulse.logs import get_logger
from edupulse.mail import bookkeeping, claims, connections, senders
from edupulse.mail.abandoned import give_back, settle_abandoned
from edupulse.mail.account import SmtpAccount
from edupulse.mail.addresses import parse_named
from edupulse.mail.claims import Claimed
from edupulse.mail.compose import build_message
from edupulse.mail.envelope import Envelope
from edupulse.mail.limits import Pace, pace_of
from edupulse.mail.outbox import BATCH, hand_over
from edupulse.mail.outcome import Outcome, Verdict
from edupulse.mail.smtp import NotConnected

BUDGET_SECONDS = 600.0  # after this a job ends between two mails, far below its hard limit
TRIES_IN_HAND = 4  # how often a mail is tried at once where the connection is to blame
PATIENT_SECONDS = 3.0  # a wait up to this long is spent in place; a longer one by everybody, in the ledger
RECONNECT_SECONDS = 0.3  # between two connections, so that a server that restarts has a moment
CONTENT_REFUSALS = 5  # as many in a row have one cause, and the next mails would share it

# The line was to blame: the same mail may go at once over another connection.
ANOTHER_CONNECTION = (Verdict.SESSION_LIMIT, Verdict.PROTOCOL, Verdict.UNREACHABLE)
# Not this mail but the whole account has to wait.
EVERYBODY_WAITS = (Verdict.PACE, Verdict.QUOTA, Verdict.UNREACHABLE)

log = get_logger(__name__)


@dataclass
class _Round:
    """One job's work: what it sends through, and what came of it."""

    total: int
    account: SmtpAccount
    sender_id: int
    sender_address: str
    mail_from: str
    pace: Pace
    had_failed: bool  # the account was held before; the first success ends that series
    started: float = field(default_factory=time.monotonic)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def is_over(self) -> bool:
        return time.monotonic() - self.started > BUDGET_SECONDS


def deliver(delivery_ids: Sequence[int]) -> dict[str, int]:
    """Send those of the deliveries that wait, each at most once, and return how many reached which state.

    Called twice, or by two workers at once, with the same ids: each mail is claimed by one of them. While
    the account is paused nothing is claimed. Raises Unavailable, or the database's error, when the database
    fails: then no further dot goes out.
    """
    bookkeeping.record_late()
    settle_abandoned(now(), among=delivery_ids)
    work = _open_round(len(delivery_ids))
    if work is None:
        return {"waiting": len(delivery_ids)}
    batches = (delivery_ids[start : start + BATCH] for start in range(0, len(delivery_ids), BATCH))
    while not work.is_over and (batch := next(batches, None)) and _deliver_batch(batch, work):
        pass
    return dict(work.counts)


def _open_round(total: int) -> _Round | None:
    sender = senders.ready(now())
    if sender is None:
        return None
    account, sender_address = senders.account(), current_settings().default_from_email
    mail_from = parse_named(sender_address, field="DEFAULT_FROM_EMAIL")[1].mailbox
    pace = pace_of(account.server)
    return _Round(total, account, sender.id, sender_address, mail_from, pace, had_failed=sender.failures > 0)


def _deliver_batch(delivery_ids: Sequence[int], work: _Round) -> bool:
    """Send one batch; False when what is left must wait."""
    with claims.taken(delivery_ids, now(), work.account.provider) as mails:
        for place, mail in enumerate(mails):
            if work.is_over:
                give_back(mail.token)
                hand_over(each.id for each in mails[place:])
                return False
            if not _deliver_one(mail, work):
                return False
            progress.report(work.counts.total(), work.total)
    return True


def _deliver_one(mail: Claimed, work: _Round) -> bool:
    """Send one mail and write down what came of it; False when those after it must wait."""
    try:
        envelope = _envelope(mail, work)
    except Exception as error:
        log.exception("mail cannot be composed", delivery_id=mail.id)
        work.counts[bookkeeping.refuse(mail, f"The mail cannot be composed: {error}")] += 1
        return True
    try:
        outcome = _send(mail, envelope, work)
    except NotConnected as failure:
        return _no_connection(failure.outcome, mail, work)
    return _conclude(mail, outcome, work)


def _envelope(mail: Claimed, work: _Round) -> Envelope:
    data = build_message(mail, mail.content, work.sender_address)
    return Envelope(work.mail_from, mail.address, data, smtputf8=not mail.address.isascii())


def _send(mail: Claimed, envelope: Envelope, work: _Round) -> Outcome:
    """Try, over another connection where that helps, until something final is known. Raises NotConnected."""
    for attempt in range(1, TRIES_IN_HAND):
        try:
            outcome = _try_once(mail, envelope, work)
        except NotConnected as failure:
            if not _is_worth_another(failure.outcome, work.pace, attempt):
                raise
            continue
        if not _is_worth_another(outcome, work.pace, attempt):
            return outcome
        bookkeeping.record_and_keep(mail, outcome)
    return _try_once(mail, envelope, work)


def _try_once(mail: Claimed, envelope: Envelope, work: _Round) -> Outcome:
    work.pace.wait()
    with connections.leased(work.account) as session:
        outcome = session.send(envelope, before_dot=lambda: claims.mark_dot(mail))
        connections.learn(work.account, session, outcome)
    return outcome


def _is_worth_another(outcome: Outcome, pace: Pace, attempt: int) -> bool:
    """Say whether to try again here and now; waits as long as that needs."""
    asked = outcome.retry_after or 0.0
    if outcome.verdict is Verdict.SESSION_LIMIT and (attempt == 1 or not asked):
        return True  # one spent connection says nothing about the next one, two in a row do
    if asked > PATIENT_SECONDS or outcome.ms > 1000 * PATIENT_SECONDS:
        return False
    if outcome.verdict is Verdict.PACE and outcome.cause != "concurrency" and pace.slow_down():
        time.sleep(asked)
        return True
    if outcome.verdict in ANOTHER_CONNECTION:
        time.sleep(max(asked, RECONNECT_SECONDS))
        return True
    return False


def _no_connection(outcome: Outcome, mail: Claimed, work: _Round) -> bool:
    """No mail was tried, so none is charged: the account waits, or a person is asked."""
    if outcome.verdict is Verdict.SENDER:
        senders.pause_after(outcome, work.account)
    elif outcome.cause == "concurrency":
        claims.postpone(mail, outcome)  # other workers hold the connections there are, and go on
    else:
        senders.hold_after(outcome, work.account)
    return False


def _conclude(mail: Claimed, outcome: Outcome, work: _Round) -> bool:
    if outcome.verdict is Verdict.WITHDRAWN:
        state = claims.let_go(mail)
        work.counts[state] += 1
        return state != "queued"
    work.counts[bookkeeping.record(mail, outcome)] += 1
    log.info(
        "mail tried", delivery_id=mail.id, verdict=outcome.verdict.value, code=outcome.code, ms=outcome.ms
    )
    return _go_on_after(mail, outcome, work)


def _go_on_after(mail: Claimed, outcome: Outcome, work: _Round) -> bool:
    """Draw for all mails the conclusion from this one's outcome; False when they must wait."""
    if outcome.verdict is Verdict.SENT:
        work.pace.ease()
        if work.had_failed:
            senders.note_success(work.sender_id)
            work.had_failed = False
        return True
    if outcome.verdict is Verdict.SENDER:
        senders.pause_after(outcome, work.account)
        return False
    if outcome.cause == "concurrency":
        claims.postpone(mail, outcome)
        return False
    if outcome.verdict in EVERYBODY_WAITS or (
        outcome.verdict is Verdict.SESSION_LIMIT and outcome.retry_after
    ):
        senders.hold_after(outcome, work.account)
        return False
    return not (outcome.verdict is Verdict.CONTENT and _pause_if_all_are_refused(outcome))


def _pause_if_all_are_refused(outcome: Outcome) -> bool:
    if not bookkeeping.refused_in_a_row(CONTENT_REFUSALS):
        return False
    senders.pause(
        cause="content",
        reason=f"{CONTENT_REFUSALS} mails in a row were refused for what they say. {senders.said(outcome)}",
        cure="Read the answer, change the text, then resume sending and send the refused mails again.",
    )
    return True
