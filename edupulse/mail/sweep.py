"""The net under the mail line: what was left lying is settled, what waits handed over, what is late ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, Update, exists, func, select, update

from edupulse.control.enqueue import enqueue
from edupulse.control.models import OPEN_ROWS as OPEN_RUNS
from edupulse.control.models import JobRun
from edupulse.mail import bookkeeping, claims, connections, mailings, senders
from edupulse.mail.abandoned import settle_abandoned, tidy
from edupulse.mail.mailing import Mailing
from edupulse.mail.models import OPEN_ROWS, Delivery
from edupulse.mail.outbox import hand_over
from edupulse.transaction import rows_changed, transaction

AT_ONCE = 5_000  # rows per sweep; the next one takes the rest


def sweep(now: datetime) -> dict[str, int]:
    """Settle, end, release and hand over; return how many of each. Doing it twice is harmless."""
    settled = settle_abandoned(now)
    tidy(now)
    expired = _end_expired(now)
    released = _release_due(now)
    forgotten = _hand_over_forgotten(now)
    with transaction():
        if _mailings_wait():
            mailings.start_pumps()
        for mailing_id in mailings.close_settled():
            enqueue("campaigns.settle", mailing_id=mailing_id)
    connections.close_unused()
    return {
        "given_back": settled["queued"],
        "unknown": settled["unknown"],
        "expired": expired,
        "released": released,
        "handed_over": forgotten,
    }


def _end_expired(now: datetime) -> int:
    last_words = func.coalesce(claims.EXPIRED + " Before that: " + Delivery.reason, claims.EXPIRED)
    ended = (
        update(Delivery)
        .where(OPEN_ROWS, Delivery.state.in_(("queued", "deferred")), Delivery.expires_at <= now)
        .values(state="cancelled", reason=last_words, claim=None)
        .execution_options(synchronize_session=False)
    )
    with transaction() as session:
        return rows_changed(session, ended)


def _release_due(now: datetime) -> int:
    """Queue what has waited long enough and hand it over; while the account is paused it goes on waiting."""
    with transaction() as session:
        if senders.ready(now) is None:
            return 0
        due = _some(Delivery.state == "deferred", Delivery.next_attempt_at <= now)
        ids = session.scalars(due).all()
        session.execute(_queued_again(ids))
        hand_over(session.scalars(_some(Delivery.id.in_(ids), Delivery.mailing_id.is_(None))))
        _arm_next(now)
    return len(ids)


def _hand_over_forgotten(now: datetime) -> int:
    """Hand over what is queued and in no job's hands: given back, or held while the account was paused."""
    with transaction() as session:
        if senders.ready(now) is None:
            return 0
        alone = (Delivery.state == "queued", Delivery.mailing_id.is_(None))
        waiting = session.scalars(_some(*alone)).all()
        in_hands = _in_jobs() if waiting else set()
        forgotten = [id for id in waiting if id not in in_hands]
        hand_over(forgotten)
    return len(forgotten)


def _mailings_wait() -> bool:
    waiting = exists().where(Delivery.mailing_id == Mailing.id, Delivery.state == "queued")
    may_leave = (Mailing.opened_at.is_not(None), Mailing.held_at.is_(None), Mailing.over_at.is_(None))
    with transaction() as session:
        return session.scalar(select(Mailing.id).where(*may_leave, waiting).limit(1)) is not None


def _some(*conditions: ColumnElement[bool]) -> Select[int]:
    return select(Delivery.id).where(OPEN_ROWS, *conditions).order_by(Delivery.next_attempt_at).limit(AT_ONCE)


def _queued_again(ids: Sequence[int]) -> Update:
    where = (Delivery.id.in_(ids), Delivery.state == "deferred")
    return update(Delivery).where(*where).values(state="queued").execution_options(synchronize_session=False)


def _in_jobs() -> set[int]:
    open_runs = select(JobRun.arguments).where(
        OPEN_RUNS, JobRun.name == "mail.deliver", JobRun.state.in_(("queued", "started"))
    )
    with transaction() as session:
        return {id for arguments in session.scalars(open_runs) for id in arguments["delivery_ids"]}


def _arm_next(now: datetime) -> None:
    soonest = select(func.min(Delivery.next_attempt_at)).where(OPEN_ROWS, Delivery.state == "deferred")
    with transaction() as session:
        if (at := session.scalar(soonest.where(Delivery.next_attempt_at > now))) is not None:
            senders.wake_sweep(at, bookkeeping.RETRY_GRID_SECONDS)
