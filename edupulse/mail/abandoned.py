"""Mails that a worker let go, willingly or not: what its journal knows is written down, the rest goes out again.

A mail whose dot went out and whose answer nobody has read is `unknown`. A claim of which no line can be found where
it should be is in doubt as a whole: a lost page is no proof that nothing was sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Table, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from edupulse.clock import now
from edupulse.control.workers import DEAD_AFTER, alive_workers
from edupulse.errors import Unavailable
from edupulse.logs import get_logger
from edupulse.mail import journal
from edupulse.mail.bookkeeping import Entry, record
from edupulse.mail.evidence import Evidence
from edupulse.mail.following import after
from edupulse.mail.holder import is_here, worker_of
from edupulse.mail.journal import Journal
from edupulse.mail.mailing import Mailing
from edupulse.mail.models import OPEN_ROWS, Delivery
from edupulse.mail.outcome import Outcome, Phase, Verdict
from edupulse.mail.senders import wake_sweep
from edupulse.transaction import rows_changed, transaction

LONGEST_CLAIM = timedelta(hours=2)  # longer than any batch may take, the wait after each dot included
REST = timedelta(minutes=1)  # that a file is kept after its last line
IN_DOUBT = (
    "The worker stopped after the whole mail was handed over and before the server's answer was recorded."
)
NO_LINES = "The worker stopped, and what it noted while it sent cannot be found on its machine."
_DOUBT = Outcome(Phase.DOT, Verdict.UNKNOWN, "no_answer")

log = get_logger(__name__)


@contextmanager
def in_hand(token: str) -> Iterator[Journal]:
    """Work on the claim `token` in the block, with a journal; what it still holds at the end is given back."""
    lines = journal.own()
    try:
        lines.begin(token)
        try:
            yield lines
        finally:
            if not lines.is_over:
                _give_back(token, lines)
    finally:
        if not lines.is_over:
            lines.leave()  # what it says is settled by whoever looks next


def settle_abandoned(moment: datetime, among: Sequence[int] | None = None) -> dict[str, int]:
    """Settle the mails that a worker held and nobody works on any more; return how many became what."""
    query = (
        select(_D.c.claim, _D.c.claimed_by, _D.c.claimed_at)
        .distinct()
        .where(OPEN_ROWS, _D.c.state == "sending")
    )
    if among is not None:
        query = query.where(_D.c.id.in_(among))
    with transaction() as session:
        held = session.execute(query).all()
        alive = alive_workers(moment) if held else set()
    files = journal.files(row.claim for row in held)
    states: Counter[str] = Counter()
    for row in held:
        if path := files.get(row.claim):
            states.update(_settle_by(path, row.claim, is_overdue=_is_overdue(row, moment)))
        elif _is_lost(row, alive, moment):
            states.update(_settle(row.claim, None))
    return {"queued": 0, "unknown": 0, **states}


def tidy(moment: datetime) -> int:
    """Remove what threads of this machine left that are gone, once all they knew is written down; return how many."""
    removed = 0
    for token, path in journal.files().items():
        with journal.taken(path) as is_ours:
            if is_ours and (evidence := journal.read(path, token)) and _has_rested(path, moment):
                _settle(token, evidence)
                path.unlink()
                removed += 1
    return removed


@dataclass(frozen=True)
class _Held:
    """A row of a claim, as far as `after` must know it."""

    id: int
    token: str
    state: str
    mailing_id: int | None
    address: str
    accepted_at: datetime
    expires_at: datetime | None
    attempts_made: int
    tries: int
    resend_unknown: bool


_D = cast(Table, Delivery.__table__)
_COLUMNS = [_D.c[name] for name in (
    "id", "state", "mailing_id", "address", "accepted_at", "expires_at", "attempts_made", "tries",
)]  # fmt: skip


def _give_back(token: str, lines: Journal) -> None:
    try:
        _settle(token, lines.evidence)
        lines.end()
    except (SQLAlchemyError, Unavailable) as error:
        log.warning("claims not given back", reason=type(error).__name__)


def _settle_by(path: Path, token: str, *, is_overdue: bool) -> Counter[str]:
    """Settle a claim by its lines once their thread is gone. One at a time does: nothing is written down twice."""
    with journal.taken(path) as is_ours:
        if (is_ours or is_overdue) and (evidence := journal.read(path, token)):
            return _settle(token, evidence)
    return Counter()


def _settle(token: str, evidence: Evidence | None) -> Counter[str]:
    """Write down what is known of a claim's mails; the others go out again, or are in doubt."""
    rows = _rows(token, evidence)
    answered = [row for row in rows if evidence is not None and row.id in evidence.answers]
    states: Counter[str] = Counter()
    if answered and evidence is not None:
        states = record([Entry(row, evidence.answers[row.id], now()) for row in answered])
    doubtful = [row for row in rows if evidence is None or row.id in evidence.doubtful]
    with transaction() as session:
        for row in doubtful:
            states[_doubt(session, row, IN_DOUBT if evidence else NO_LINES)] += 1
        queued = update(_D).where(OPEN_ROWS, _D.c.state == "sending", _D.c.claim == token)
        states["queued"] += rows_changed(session, queued.values(state="queued", claim=None))
    return states


def _doubt(session: Session, row: _Held, reason: str) -> str:
    following = after(_DOUBT, row, now())
    values: dict[str, Any] = {"state": "unknown", "reason": reason, "dot_at": now(), "tries": row.tries + 1}
    if following.at is not None and row.state == "sending":  # its mailing's policy: never miss
        again = f"{reason} It must not be missed, so it is sent again."
        values |= {"state": "deferred", "reason": again, "claim": None, "next_attempt_at": following.at}
        wake_sweep(following.at)
    session.execute(update(_D).where(_D.c.id == row.id, _D.c.claim == row.token).values(values))
    log.error("mail in doubt", delivery_id=row.id, state=values["state"])
    return str(values["state"])


def _rows(token: str, evidence: Evidence | None) -> list[_Held]:
    ours = select(*_COLUMNS).where(_D.c.claim == token)
    # Also what was taken back while it was in hand, or given up before its lines were found: they are the truth.
    noted = sorted(evidence.dots | evidence.answers.keys()) if evidence else []
    answered = sorted(evidence.answers) if evidence else []
    with transaction() as session:
        rows = [
            *session.execute(ours.where(OPEN_ROWS, _D.c.state == "sending")),
            *session.execute(ours.where(_D.c.id.in_(noted), _D.c.state == "cancelled")),
            *session.execute(ours.where(_D.c.id.in_(answered), _D.c.state == "unknown")),
        ]
        mailings = {row.mailing_id for row in rows} - {None}
        never_miss = set(
            session.scalars(select(Mailing.id).where(Mailing.id.in_(mailings), Mailing.resend_unknown))
        )
    return [_Held(token=token, resend_unknown=row.mailing_id in never_miss, **row._mapping) for row in rows]


def _has_rested(path: Path, moment: datetime) -> bool:
    # What a process asked for right before it died may reach the ledger after its death.
    return moment.timestamp() - path.stat().st_mtime >= REST.total_seconds()


def _is_lost(held: Any, alive: set[str], moment: datetime) -> bool:
    """Say whether a claim of which this machine's disk knows nothing is given up."""
    # A process that does not beat (a command, a test) is given the time in which a dead worker is noticed. Another
    # machine's disk may know more: it is asked first, by its own workers, for as long as that is sensible.
    is_silent = worker_of(held.claimed_by) not in alive and held.claimed_at <= moment - DEAD_AFTER
    return (is_silent and is_here(held.claimed_by)) or _is_overdue(held, moment)


def _is_overdue(held: Any, moment: datetime) -> bool:
    return bool(held.claimed_at <= moment - LONGEST_CLAIM)
