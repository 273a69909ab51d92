"""Mails that a worker let go, willingly or not: surely unsent ones go out again, others are in doubt."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from edupulse.control.workers import DEAD_AFTER, alive_workers, current_worker_name
from edupulse.errors import Unavailable
from edupulse.logs import get_logger
from edupulse.mail.models import OPEN_ROWS, Delivery
from edupulse.transaction import rows_changed, transaction

LONGEST_CLAIM = timedelta(hours=2)  # longer than any batch may take, the wait after each dot included
IN_DOUBT = (
    "The worker stopped after the whole mail was handed over and before the server's answer was recorded."
)

log = get_logger(__name__)
_in_hand: set[str] = set()  # tokens of the claims that this process is working on
_lock = threading.Lock()


@contextmanager
def in_hand(token: str) -> Iterator[None]:
    """Work on the claim `token` in the block; what it still holds at the end is given back."""
    with _lock:
        _in_hand.add(token)
    try:
        yield
    finally:
        give_back(token)
        with _lock:
            _in_hand.discard(token)


def give_back(token: str) -> None:
    """Let go of what is still in hand: surely unsent mails are queued again, doubtful ones become unknown."""
    try:
        with transaction() as session:
            _settle(session, [token])
    except (SQLAlchemyError, Unavailable) as error:
        # The rows say who held them and how far it came: the next job or sweep of this process settles them.
        log.warning("claims not given back", reason=type(error).__name__)


def settle_abandoned(moment: datetime, among: Sequence[int] | None = None) -> dict[str, int]:
    """Settle the mails that a worker held and nobody works on any more; return how many became what.

    Before the dot they are queued again; after it nobody can know, so they are unknown.
    """
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
        dead = [row.claim for row in held if _is_abandoned(row, alive, moment)]
        return _settle(session, dead)


_D = cast(Table, Delivery.__table__)


def _settle(session: Session, tokens: Sequence[str]) -> dict[str, int]:
    if not tokens:
        return {"queued": 0, "unknown": 0}
    held = (OPEN_ROWS, _D.c.state == "sending", _D.c.claim.in_(tokens))
    doubtful = update(_D).where(*held, _D.c.dot_at.is_not(None)).values(state="unknown", reason=IN_DOUBT)
    surely_not_sent = update(_D).where(*held, _D.c.dot_at.is_(None)).values(state="queued", claim=None)
    unknown = rows_changed(session, doubtful)
    queued = rows_changed(session, surely_not_sent)
    if unknown:
        log.error("mails in doubt: a worker stopped between the final dot and the record", mails=unknown)
    return {"queued": queued, "unknown": unknown}


def _is_abandoned(held: Any, alive: set[str], moment: datetime) -> bool:
    with _lock:
        in_hand = held.claim in _in_hand
    if held.claimed_by == current_worker_name():
        return not in_hand
    # A process that does not beat (a command, a test) is given the time in which a dead worker is noticed.
    is_silent = held.claimed_by not in alive and held.claimed_at <= moment - DEAD_AFTER
    return bool(is_silent or held.claimed_at <= moment - LONGEST_CLAIM)
