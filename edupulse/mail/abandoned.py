"""Mails that a worker let go, willingly or not: what its journal knows is written down, the rest goes out again.

A mail whose dot went out and whose answer nobody has read is `unknown`. A claim of which no line can be found where
it should be is in doubt as a whole: a lost page is no proof that nothing was sent.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from edupulse.clock import now
from edupulse.control.workers import DEAD_AFTER, alive_workers
from edupulse.errors import Unavailable
from edupulse.logs import get_logger
from edupulse.mail import journal
from edupulse.mail.bookkeeping import Entry, after, record
from edupulse.mail.holder import holder, is_gone, is_here, worker_of
from edupulse.mail.journal import Evidence, Journal
from edupulse.mail.mailing import Mailing
from edupulse.mail.models import OPEN_ROWS, Delivery
from edupulse.mail.outcome import Outcome, Phase, Verdict
from edupulse.mail.senders import wake_sweep
from edupulse.transaction import rows_changed, transaction

LONGEST_CLAIM = timedelta(hours=2)  # longer than any batch may take, the wait after each dot included
IN_DOUBT = (
    "The worker stopped after the whole mail was handed over and before the server's answer was recorded."
)
NO_LINES = "The worker stopped, and what it noted while it sent cannot be found on its machine."
_DOUBT = Outcome(Phase.DOT, Verdict.UNKNOWN, "no_answer")

log = get_logger(__name__)
_in_hand: set[str] = set()  # tokens of the claims that this process is working on
_unsettled: dict[str, Evidence] = {}  # what this process knows of claims that it could not write down yet
_lock = threading.Lock()


@contextmanager
def in_hand(token: str) -> Iterator[Journal]:
    """Work on the claim `token` in the block, with a journal; what it still holds at the end is given back."""
    with _lock:
        _in_hand.add(token)
    try:
        lines = journal.own()
        _settle_own()  # before the lines that tell of it are written over
        lines.begin(token)
        try:
            yield lines
        finally:
            if not lines.is_over:
                _give_back(token, lines.evidence)
    finally:
        with _lock:
            _in_hand.discard(token)


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
    dead = {row.claim: row for row in held if _is_abandoned(row, alive, moment)}
    known = _evidence(dead)
    states: Counter[str] = Counter()
    for token, row in dead.items():
        if token in known or _is_ours_to_judge(row, moment):
            states.update(_settle(token, known.get(token)))
    return {"queued": 0, "unknown": 0, **states}


def tidy() -> int:
    """Remove what processes of this machine left that are gone, once all they knew is written down; return how many."""
    gone = journal.of_gone()
    for token, evidence in gone.items():
        _settle(token, evidence)
    return journal.remove(gone)


@dataclass(frozen=True)
class _Held:
    """A row of a claim, as far as `after` must know it."""

    id: int
    token: str
    mailing_id: int | None
    address: str
    accepted_at: datetime
    expires_at: datetime | None
    attempts_made: int
    tries: int
    resend_unknown: bool


_D = cast(Table, Delivery.__table__)
_COLUMNS = [_D.c[name] for name in (
    "id", "mailing_id", "address", "accepted_at", "expires_at", "attempts_made", "tries",
)]  # fmt: skip


def _give_back(token: str, evidence: Evidence) -> None:
    try:
        _settle(token, evidence)
    except (SQLAlchemyError, Unavailable) as error:
        # The journal is written over by the next claim: what it says is kept here, and settled with that one.
        with _lock:
            _unsettled[token] = evidence
        log.warning("claims not given back", reason=type(error).__name__)


def _settle_own() -> None:
    while (waiting := _next_unsettled()) is not None:
        token, evidence = waiting
        try:
            _settle(token, evidence)
        except BaseException:
            with _lock:
                _unsettled[token] = evidence
            raise


def _next_unsettled() -> tuple[str, Evidence] | None:
    with _lock:
        return _unsettled.popitem() if _unsettled else None


def _evidence(dead: Mapping[str, Any]) -> dict[str, Evidence]:
    with _lock:
        own = {token: _unsettled[token] for token in dead if token in _unsettled}
    return own | journal.of_dead(dead.keys() - own.keys())


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
    with _lock:
        _unsettled.pop(token, None)
    return states


def _doubt(session: Session, row: _Held, reason: str) -> str:
    following = after(_DOUBT, row, now())
    values: dict[str, Any] = {"state": "unknown", "reason": reason, "dot_at": now(), "tries": row.tries + 1}
    if following.at is not None:  # its mailing's policy: never miss
        again = f"{reason} It must not be missed, so it is sent again."
        values |= {"state": "deferred", "reason": again, "claim": None, "next_attempt_at": following.at}
        wake_sweep(following.at)
    session.execute(update(_D).where(_D.c.id == row.id, _D.c.claim == row.token).values(values))
    log.error("mail in doubt", delivery_id=row.id, state=values["state"])
    return str(values["state"])


def _rows(token: str, evidence: Evidence | None) -> list[_Held]:
    ours = select(*_COLUMNS).where(_D.c.claim == token)
    # Also what was taken back while it was in hand: whether it had left is the truth.
    noted = sorted(evidence.dots | evidence.answers.keys()) if evidence else []
    with transaction() as session:
        rows = [
            *session.execute(ours.where(OPEN_ROWS, _D.c.state == "sending")),
            *session.execute(ours.where(_D.c.id.in_(noted), _D.c.state == "cancelled")),
        ]
        mailings = {row.mailing_id for row in rows} - {None}
        never_miss = set(
            session.scalars(select(Mailing.id).where(Mailing.id.in_(mailings), Mailing.resend_unknown))
        )
    return [_Held(token=token, resend_unknown=row.mailing_id in never_miss, **row._mapping) for row in rows]


def _is_abandoned(held: Any, alive: set[str], moment: datetime) -> bool:
    with _lock:
        in_hand = held.claim in _in_hand
    if held.claimed_by == holder():
        return not in_hand
    if is_gone(held.claimed_by):
        return True
    # A process that does not beat (a command, a test) is given the time in which a dead worker is noticed.
    is_silent = worker_of(held.claimed_by) not in alive and held.claimed_at <= moment - DEAD_AFTER
    return bool(is_silent or held.claimed_at <= moment - LONGEST_CLAIM)


def _is_ours_to_judge(held: Any, moment: datetime) -> bool:
    # Another machine's disk may know more: it is asked first, by its own workers, for as long as that is sensible.
    return bool(is_here(held.claimed_by) or held.claimed_at <= moment - LONGEST_CLAIM)
