"""What came of a try is written down: the attempts of a batch, and the states they lead to, in one commit."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Boolean, Integer, Table, bindparam, case, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from edupulse.clock import now
from edupulse.control.workers import current_worker_name
from edupulse.database import UtcDateTime
from edupulse.errors import Unavailable
from edupulse.logs import get_logger
from edupulse.mail.following import Next, Tried, after
from edupulse.mail.mailing import Mailing
from edupulse.mail.models import Attempt, Delivery
from edupulse.mail.outcome import Outcome, Verdict
from edupulse.mail.senders import said, wake_sweep
from edupulse.mail.suppressions import suppress
from edupulse.transaction import rows_changed, transaction

# Seconds between tries to write an outcome while the database is away: what the server said must not be lost.
PATIENCE = (0.5, 1.0, 2.0, 4.0, 8.0)
RETRY_GRID_SECONDS = 5  # retries that fall into the same seconds share one sweep
NO_SUCH_MAILBOX = "mailbox_unknown"  # the one cause for which an address is never written to again
OVERTAKEN = "It had left already when it was to be taken back."

log = get_logger(__name__)


@dataclass(frozen=True)
class Entry:
    """One finished try of one mail."""

    mail: Tried
    outcome: Outcome
    at: datetime


def record(entries: Sequence[Entry]) -> Counter[str]:
    """Write down finished tries in one commit; return how many led to which state.

    Tries for a while when the database is away, then raises its error: what was not written is still in the journal.
    """
    for wait in PATIENCE:
        try:
            return _write(entries)
        except (SQLAlchemyError, Unavailable) as error:
            log.warning("outcomes not written yet", mails=len(entries), reason=type(error).__name__)
            time.sleep(wait)
    return _write(entries)


def refuse(mail: Tried, reason: str) -> str:
    """End a mail that cannot even be tried; return its state."""
    with transaction() as session:
        held = (_D.c.id == mail.id, _D.c.claim == mail.token, _D.c.state == "sending")
        session.execute(update(_D).where(*held).values(state="rejected", reason=reason, claim=None))
    return "rejected"


def record_and_keep(mail: Tried, outcome: Outcome) -> None:
    """Write down a try that failed before its dot, and keep the mail in hand for another connection."""
    with transaction() as session:
        session.execute(_ADD_ATTEMPT, [_attempt(Entry(mail, outcome, now()))])
        held = (_D.c.id == mail.id, _D.c.claim == mail.token, _D.c.state == "sending")
        session.execute(update(_D).where(*held).values(tries=_D.c.tries + 1))


_D = cast(Table, Delivery.__table__)
_M = cast(Table, Mailing.__table__)
_ADD_ATTEMPT = insert(cast(Table, Attempt.__table__))
# A mail that was taken for lost, or taken back, still has its token: that it has left, or may have, is the truth. One
# that was taken back and has not left stays so: no answer brings it to life again.
_OF_OURS = _D.c.claim == bindparam("token")
_OPEN = ("sending", "unknown")
_SENT = (
    update(_D)
    .where(_D.c.id.in_(bindparam("mails", expanding=True)), _OF_OURS, _D.c.state.in_((*_OPEN, "cancelled")))
    .values(
        state="sent",
        reason=case((_D.c.state == "cancelled", OVERTAKEN), else_=None),
        claim=None,
        tries=_D.c.tries + 1,
        attempts_made=_D.c.attempts_made + 1,
        sent_at=bindparam("taken_at", type_=UtcDateTime),
        dot_at=bindparam("taken_at", type_=UtcDateTime),
    )
)
_MOVE = (
    update(_D)
    .where(_D.c.id == bindparam("mail"), _OF_OURS, _D.c.state.in_(_OPEN))
    .values(
        state=bindparam("to_state"),
        reason=bindparam("why"),
        claim=None,
        tries=_D.c.tries + 1,
        attempts_made=_D.c.attempts_made + bindparam("charged", type_=Integer),
        next_attempt_at=func.coalesce(bindparam("again_at", type_=UtcDateTime), _D.c.next_attempt_at),
        dot_at=case(
            (bindparam("doubtful", type_=Boolean), bindparam("taken_at", type_=UtcDateTime)), else_=None
        ),
    )
)


def _write(entries: Sequence[Entry]) -> Counter[str]:
    moment = now()
    sent = [entry for entry in entries if entry.outcome.sent]
    others = [entry for entry in entries if not entry.outcome.sent]
    # Lost in a power cut, it leaves the journal behind, and the claim, which is on the disk.
    with transaction(durable=False) as session:
        session.execute(_ADD_ATTEMPT, [_attempt(entry) for entry in entries])
        states = _write_sent(session, sent, moment)
        for entry in others:
            states[_write_other(session, entry, moment)] += 1
        _note_progress(session, entries, moment)
    return states


def _write_sent(session: Session, entries: Sequence[Entry], moment: datetime) -> Counter[str]:
    states: Counter[str] = Counter()
    for token in dict.fromkeys(entry.mail.token for entry in entries):
        ids = [entry.mail.id for entry in entries if entry.mail.token == token]
        moved = rows_changed(session, _SENT, {"mails": ids, "token": token, "taken_at": moment})
        states["sent"] += moved
        if moved != len(ids):
            log.error("mails were sent that are no longer ours", deliveries=ids, moved=moved)
    return states


def _write_other(session: Session, entry: Entry, moment: datetime) -> str:
    mail, outcome, following = entry.mail, entry.outcome, after(entry.outcome, entry.mail, moment)
    if not rows_changed(session, _MOVE, _values(entry, following, moment)):
        if outcome.verdict is Verdict.UNKNOWN and _doubt_taken_back(session, entry, moment):
            return "unknown"
        log.warning("outcome of a mail that is no longer ours", delivery_id=mail.id, verdict=outcome.verdict)
        return str(session.scalar(select(_D.c.state).where(_D.c.id == mail.id)))
    if outcome.cause == NO_SUCH_MAILBOX and following.state == "rejected":
        suppress(mail.address, reason=said(outcome), source=f"delivery:{mail.id}")
    if following.at is not None:
        wake_sweep(following.at, RETRY_GRID_SECONDS)
    return following.state


def _doubt_taken_back(session: Session, entry: Entry, moment: datetime) -> bool:
    ours = (_D.c.id == entry.mail.id, _D.c.claim == entry.mail.token, _D.c.state == "cancelled")
    doubt = {"state": "unknown", "reason": said(entry.outcome), "claim": None, "dot_at": moment}
    return bool(rows_changed(session, update(_D).where(*ours).values(doubt)))


def _values(entry: Entry, following: Next, moment: datetime) -> dict[str, Any]:
    return {
        "mail": entry.mail.id,
        "token": entry.mail.token,
        "to_state": following.state,
        "why": following.reason,
        "charged": int(entry.outcome.charged),
        "again_at": following.at,
        "taken_at": moment,
        "doubtful": following.state == "unknown",
    }


def _note_progress(session: Session, entries: Sequence[Entry], moment: datetime) -> None:
    for mailing_id in {entry.mail.mailing_id for entry in entries} - {None}:
        session.execute(update(_M).where(_M.c.id == mailing_id).values(progressed_at=moment))


def _attempt(entry: Entry) -> dict[str, Any]:
    outcome = entry.outcome
    return {
        "delivery_id": entry.mail.id, "at": entry.at, "ms": outcome.ms, "worker": current_worker_name(),
        "server": outcome.server, "phase": outcome.phase.value, "verdict": outcome.verdict.value,
        "cause": outcome.cause, "code": outcome.code, "enhanced": outcome.enhanced, "text": outcome.text,
    }  # fmt: skip
