"""A call that waits for news of one run: it answers when there are some, or when its patience is over.

Each such call holds a thread of the web server, so that at most half of them may wait; beyond that a call is
answered at once, and its caller asks again.
"""

from __future__ import annotations

import hashlib
import threading
from time import monotonic, sleep

from sqlalchemy import select

from edupulse.control.models import FINAL_STATES, JobRun
from edupulse.database import db
from edupulse.embedded import web

LOOK_EVERY = 0.25  # seconds; people and programs notice no less, and four waiting calls ask 16 times a second
PLACES = web.threads // 2

_places = threading.BoundedSemaphore(PLACES)


def wait_for_news(run_id: str, *, seconds: float, seen: str) -> None:
    """Return when the run is over, or is otherwise than `seen` says, at the latest after `seconds`.

    It returns at once for a run that does not exist, and when too many calls wait already.
    """
    if seconds <= 0 or not _places.acquire(blocking=False):
        return
    try:
        deadline = monotonic() + seconds
        while not _has_news(run_id, seen) and (left := deadline - monotonic()) > 0:
            sleep(min(LOOK_EVERY, left))
    finally:
        _places.release()


def seen_of(run: JobRun) -> str:
    """Return what stands for the present state and progress of `run`."""
    return _token(tuple(getattr(run, column.key) for column in _LOOKED_AT))


_LOOKED_AT = (
    JobRun.state,
    JobRun.attempts,
    JobRun.cancel_requested_at,
    JobRun.progress_done,
    JobRun.progress_total,
    JobRun.progress_note,
)


def _has_news(run_id: str, seen: str) -> bool:
    found = db.session.execute(select(*_LOOKED_AT).where(JobRun.id == run_id)).one_or_none()
    db.session.rollback()  # no connection is held while nothing happens, and the next look sees what is new
    if found is None or found.state in FINAL_STATES:
        return True
    return bool(seen) and seen != _token(tuple(found))


def _token(facts: tuple[object, ...]) -> str:
    return hashlib.sha256(repr([str(fact) for fact in facts]).encode()).hexdigest()[:16]
