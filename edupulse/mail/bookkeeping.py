"""What came of a try is written down: the attempt, and the state that it leads to, in one commit."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Boolean, Integer, Table, bindparam, case, func, insert, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from edupulse.clock import now
from edupulse.control.workers import current_worker_name
from edupulse.database import UtcDateTime
from edupulse.errors import Unavailable
from edupulse.logs import get_logger
from edupulse.mail.claims import Claimed
from edupulse.mail.models import Attempt, Delivery
from edupulse.mail.outcome import Outcome, Verdict
from edupulse.mail.retry import next_attempt, next_connection
from edupulse.mail.senders import said, wake_sweep
from edupulse.mail.suppressions import suppress
from edupulse.transaction import rows_changed, transaction

# Seconds between tries to write an outcome while the database is away: what the server said must not be lost.
PATIENCE = (0.5, 1.0, 2.0, 4.0, 8.0)
RETRY_GRID_SECONDS = 5  # retries that fall into the same seconds share one sweep
NO_SUCH_MAILBOX = "mailbox_unknown"  # the one cause for which an address is never written to again
FINAL = {
    Verdict.SENT: "sent",
    Verdict.RECIPIENT_PERMANENT: "rejected",
    Verdict.CONTENT: "rejected",
    Verdict.LOCAL_REFUSAL: "rejected",
    Verdict.UNKNOWN: "unknown",
}
HELD_WITH_THE_SENDER = (Verdict.SENDER, Verdict.UNREACHABLE)  # the row waits as it was, the account is paused

log = get_logger(__name__)
_unrecorded: list[tuple[Claimed, Outcome]] = []
_lock = threading.Lock()


@dataclass(frozen=True)
class Next:
    """Where a mail goes after a try."""

    state: str
    reason: str | None = None
    at: datetime | None = None  # of the next try


def after(outcome: Outcome, mail: Claimed, moment: datetime) -> Next:
    """Decide what follows from `outcome`."""
    if outcome.verdict is Verdict.SENT:
        return Next("sent")
    if outcome.verdict in FINAL:
        return Next(FINAL[outcome.verdict], said(outcome))
    if outcome.verdict in HELD_WITH_THE_SENDER:
        return Next("queued", said(outcome))
    wait = next_attempt if outcome.charged or outcome.verdict is Verdict.QUOTA else next_connection
    tries = mail.attempts_made if outcome.charged else mail.tries
    life = {"accepted_at": mail.accepted_at, "expires_at": mail.expires_at}
    at = wait(moment, tries=tries, retry_after=outcome.retry_after, **life)  # type: ignore[arg-type]
    if at is None:
        return Next("rejected", f"Given up after {mail.tries + 1} tries, no time is left. {said(outcome)}")
    return Next("deferred", said(outcome), at)


def record(mail: Claimed, outcome: Outcome) -> str:
    """Write down `outcome` and return the state it led to.

    Tries for a while when the database is away; what could not be written is kept for `record_late`.
    """
    try:
        return _write_patiently(mail, outcome)
    except BaseException:
        with _lock:
            _unrecorded.append((mail, outcome))
        log.error("outcome kept in memory", delivery_id=mail.id, verdict=outcome.verdict, code=outcome.code)
        raise


def record_late() -> int:
    """Write down the outcomes that this process could not write when they came; return how many."""
    count = 0
    while (waiting := _next_unrecorded()) is not None:
        record(*waiting)
        count += 1
    return count


def _next_unrecorded() -> tuple[Claimed, Outcome] | None:
    with _lock:
        return _unrecorded.pop(0) if _unrecorded else None


def _write_patiently(mail: Claimed, outcome: Outcome) -> str:
    for wait in PATIENCE:
        try:
            return _write(mail, outcome)
        except (SQLAlchemyError, Unavailable) as error:
            log.warning("outcome not written yet", delivery_id=mail.id, reason=type(error).__name__)
            time.sleep(wait)
    return _write(mail, outcome)


def refuse(mail: Claimed, reason: str) -> str:
    """End a mail that cannot even be tried; return its state."""
    with transaction() as session:
        held = (_D.c.id == mail.id, _D.c.claim == mail.token, _D.c.state == "sending")
        session.execute(update(_D).where(*held).values(state="rejected", reason=reason, claim=None))
    return "rejected"


def refused_in_a_row(count: int) -> bool:
    """Say whether the last `count` tries were all refused for their content."""
    with transaction() as session:
        latest = session.scalars(select(_A.c.verdict).order_by(_A.c.id.desc()).limit(count)).all()
    return len(latest) == count and set(latest) == {Verdict.CONTENT.value}


def record_and_keep(mail: Claimed, outcome: Outcome) -> None:
    """Write down a try that failed before its dot, and keep the mail in hand for another connection."""
    with transaction() as session:
        _add_attempt(session, mail, outcome, now())
        held = (_D.c.id == mail.id, _D.c.claim == mail.token, _D.c.state == "sending")
        session.execute(update(_D).where(*held).values(dot_at=None, tries=_D.c.tries + 1))


_D = cast(Table, Delivery.__table__)
_A = cast(Table, Attempt.__table__)
_ADD_ATTEMPT = insert(_A)
# A mail that was taken for lost still has its token: its outcome may come late and end the doubt.
_MOVE = (
    update(_D)
    .where(
        _D.c.id == bindparam("mail"),
        _D.c.claim == bindparam("token"),
        or_(_D.c.state == "sending", _D.c.state == "unknown"),
    )
    .values(
        state=bindparam("to_state"),
        reason=bindparam("why"),
        claim=None,
        tries=_D.c.tries + 1,
        attempts_made=_D.c.attempts_made + bindparam("charged", type_=Integer),
        next_attempt_at=func.coalesce(bindparam("again_at", type_=UtcDateTime), _D.c.next_attempt_at),
        sent_at=bindparam("taken_at", type_=UtcDateTime),
        dot_at=case((bindparam("surely_unsent", type_=Boolean), None), else_=_D.c.dot_at),
    )
)


def _write(mail: Claimed, outcome: Outcome) -> str:
    moment = now()
    following = after(outcome, mail, moment)
    # Lost in a power cut, it leaves the mark of the dot behind: then the mail is unknown, never doubled.
    with transaction(durable=False) as session:
        _add_attempt(session, mail, outcome, moment)
        values = _values(mail, outcome, following, moment)
        moved = rows_changed(session, _MOVE, values)
        if not moved:
            log.warning(
                "outcome of a mail that is no longer ours", delivery_id=mail.id, verdict=outcome.verdict
            )
            return str(session.scalar(select(_D.c.state).where(_D.c.id == mail.id)))
        if outcome.cause == NO_SUCH_MAILBOX and following.state == "rejected":
            suppress(mail.address, reason=said(outcome), source=f"delivery:{mail.id}")
        if following.at is not None:
            wake_sweep(following.at, RETRY_GRID_SECONDS)
    return following.state


def _values(mail: Claimed, outcome: Outcome, following: Next, moment: datetime) -> dict[str, Any]:
    return {
        "mail": mail.id,
        "token": mail.token,
        "to_state": following.state,
        "why": following.reason,
        "charged": int(outcome.charged),
        "again_at": following.at,
        "taken_at": moment if following.state == "sent" else None,
        "surely_unsent": following.state in ("queued", "deferred"),
    }


def _add_attempt(session: Session, mail: Claimed, outcome: Outcome, moment: datetime) -> None:
    session.execute(_ADD_ATTEMPT, [{
        "delivery_id": mail.id, "at": moment, "ms": outcome.ms, "worker": current_worker_name(),
        "server": outcome.server, "phase": outcome.phase.value, "verdict": outcome.verdict.value,
        "cause": outcome.cause, "code": outcome.code, "enhanced": outcome.enhanced, "text": outcome.text,
    }])  # fmt: skip
