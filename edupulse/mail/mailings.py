"""What may be done with a mailing: opened, held, let go on, cancelled, closed; and where its mails stand."""

from __future__ import annotations

from collections import Counter
from typing import Any, cast

from sqlalchemy import Table, Update, bindparam, case, exists, func, select, update

from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.control.enqueue import enqueue
from edupulse.control.models import OPEN_ROWS as OPEN_RUNS
from edupulse.control.models import JobRun
from edupulse.control.workers import slots
from edupulse.database import UtcDateTime
from edupulse.errors import NotFound
from edupulse.logs import get_logger
from edupulse.mail import senders
from edupulse.mail.limits import limits_of
from edupulse.mail.mailing import Mailing
from edupulse.mail.models import OPEN_STATES, STATES, Delivery
from edupulse.transaction import rows_changed, transaction

MOST_PUMPS = 4  # jobs that pump at once, for all mailings of the account together
QUEUE = "email"
FREE = {"held_at": None, "held_by": None, "hold_cause": None, "hold_reason": None, "hold_cure": None}

log = get_logger(__name__)


def mailing(mailing_id: int) -> Mailing:
    """Return a mailing as it stands now. Raises NotFound."""
    with transaction() as session:
        found = session.get(Mailing, mailing_id, populate_existing=True)
    if found is None:
        raise NotFound(f"There is no mailing {mailing_id}.", mailing_id=mailing_id)
    return found


def open_mailing(mailing_id: int) -> None:
    """Let a mailing leave whose recipients are frozen: from here on its letters never change."""
    with transaction() as session:
        if rows_changed(session, _change(mailing_id, opened_at=now(), planned=0)):
            start_pumps()


def hold(mailing_id: int, *, cause: str, reason: str, cure: str, actor: str) -> bool:
    """Stop a mailing within one mail per connection, or before it begins; say whether that is new."""
    why = {"hold_cause": cause, "hold_reason": reason, "hold_cure": cure, "held_by": actor}
    with transaction() as session:
        held = rows_changed(
            session, _change(mailing_id, held_at=now(), **why).where(Mailing.held_at.is_(None))
        )
    if held:
        log.warning("mailing held", mailing_id=mailing_id, cause=cause, by=actor)
    return bool(held)


def release(mailing_id: int) -> bool:
    """Let a held mailing go on; say whether it was held. What was refused before counts no more against it."""
    since = case((Mailing.opened_at.is_not(None), now()), else_=None)
    with transaction() as session:
        released = rows_changed(
            session, _change(mailing_id, opened_at=since, **FREE).where(Mailing.held_at.is_not(None))
        )
        if released:
            start_pumps()
    return bool(released)


def cancel(mailing_id: int, *, reason: str) -> int:
    """Take back all that has not left, for good; return how many mails.

    One that is in hand right now is taken back too; should it have left already, its row says so in the end.
    """
    not_gone = (_D.c.mailing_id == mailing_id, _D.c.state.in_(OPEN_STATES))
    with transaction() as session:
        # Deliveries first, as whoever writes outcomes does: so nobody waits in a ring.
        count = rows_changed(session, update(_D).where(*not_gone).values(state="cancelled", reason=reason))
        session.execute(_change(mailing_id, over_at=now(), planned=0))
    return count


def close(mailing_id: int) -> bool:
    """Mark a mailing as over if nothing of it is open; say whether it is."""
    with transaction() as session:
        session.execute(_close_settled().where(Mailing.id == mailing_id), {"moment": now()})
        return session.scalar(select(Mailing.over_at).where(Mailing.id == mailing_id)) is not None


def reopen(mailing_id: int) -> None:
    """Let a mailing go on to which rows were put back or added."""
    with transaction() as session:
        session.execute(
            update(Mailing).where(Mailing.id == mailing_id).values(over_at=None, opened_at=now(), **FREE)
        )
        start_pumps()


def counts(mailing_id: int) -> dict[str, int]:
    """Return how many of its mails stand in each state; their sum is the number accepted."""
    counted = select(_D.c.state, func.count()).where(_D.c.mailing_id == mailing_id).group_by(_D.c.state)
    with transaction() as session:
        found = {row[0]: row[1] for row in session.execute(counted)}
    return {state: found.get(state, 0) for state in STATES}


def close_settled() -> list[int]:
    """Mark every mailing as over of which no row is open; return which ones became so."""
    with transaction() as session:
        over = session.scalars(_close_settled().returning(Mailing.id), {"moment": now()})
        return sorted(over)


def start_pumps(*, ending: int | None = None, wide: bool = False) -> None:
    """See to it that the pumps run, after the running transaction; those that run already are left alone.

    They serve all mailings in turn, so that a long one keeps no short one waiting. There is one for each worker
    process; `wide`: more, because they mostly wait for the server. `ending` is the place of the pump that calls this
    and whose own run is about to end.
    """
    with transaction() as session:
        runs = session.scalars(select(JobRun.arguments).where(OPEN_RUNS, JobRun.name == "mail.pump"))
        busy = Counter(arguments["place"] for arguments in runs)
        if ending is not None:
            busy[ending] -= 1
        for place in range(_pumps_wanted(wide)):
            if busy[place] < 1:
                enqueue("mail.pump", place=place)


def _pumps_wanted(wide: bool) -> int:
    # No more than connections; and half of the workers' slots stay free for other jobs.
    connections = limits_of(senders.provider(), current_settings()).connections
    threads = slots(now(), QUEUE)
    useful = MOST_PUMPS if wide else len(threads)
    return max(1, min(MOST_PUMPS, useful, connections, sum(threads) // 2))


_D = cast(Table, Delivery.__table__)


def _change(mailing_id: int, **values: Any) -> Update:
    under_way = (Mailing.id == mailing_id, Mailing.over_at.is_(None))
    return update(Mailing).where(*under_way).values(**values).execution_options(synchronize_session=False)


def _close_settled() -> Update:
    open_rows = exists().where(_D.c.mailing_id == Mailing.id, _D.c.state.in_(OPEN_STATES))
    may_end = (Mailing.opened_at.is_not(None), Mailing.over_at.is_(None), ~open_rows)
    ended = update(Mailing).where(*may_end).values(over_at=bindparam("moment", type_=UtcDateTime))
    return ended.execution_options(synchronize_session=False)
