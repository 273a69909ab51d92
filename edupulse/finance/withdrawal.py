"""A bill is settled, or not as it was: reminders that did not leave are taken back or written anew."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session

from edupulse.finance import reasons
from edupulse.finance.models import BillReminder
from edupulse.mail import outbox
from edupulse.mail.models import OPEN_STATES, Delivery

KIND = "bill_reminder"  # of its mails
WAITING = ("queued", "deferred")  # not in hand of a worker


def withdraw(session: Session, bill_id: int, reason: str) -> None:
    """Leave out what is planned of the bill and cancel its mails that wait; the bill is held by the caller.

    `reason` is one of reasons.py. While the bill is held nothing more is planned, so what is not seen here does not
    come; what is seen as planned may be handed over right now: then the update waits, and its mail is cancelled.
    """
    if session.execute(_UNDER_WAY, {"bill_id": bill_id}).first() is None:
        return
    planned = update(BillReminder).where(BillReminder.bill_id == bill_id, BillReminder.state == "planned")
    values = planned.values(state="skipped", reason=reason)
    session.execute(values.execution_options(synchronize_session=False))
    outbox.cancel(kind=KIND, subject_id=str(bill_id), reason=reason)


def rewrite(session: Session, bill_id: int) -> None:
    """Let the mails of the bill that wait be written anew by the next check; the bill is held by the caller.

    One that is being sent right now goes as it is.
    """
    if session.execute(_UNDER_WAY, {"bill_id": bill_id}).first() is None:
        return
    of_bill = select(BillReminder.id).where(BillReminder.bill_id == bill_id, BillReminder.state == "planned")
    session.scalars(of_bill.with_for_update()).all()  # waits for a check that writes them with the old words
    waiting = select(Delivery.id).where(
        Delivery.kind == KIND, Delivery.subject_id == str(bill_id), Delivery.state.in_(WAITING)
    )
    ids = session.scalars(waiting.with_for_update()).all()
    if not ids:
        return
    outbox.cancel(kind=KIND, subject_id=str(bill_id), reason=reasons.CHANGED, delivery_ids=ids)
    planned = update(BillReminder).where(BillReminder.delivery_id.in_(ids)).values(state="planned")
    session.execute(planned.execution_options(synchronize_session=False))


def _under_way() -> Any:
    mails = select(BillReminder.id).outerjoin(Delivery, Delivery.id == BillReminder.delivery_id)
    waits = or_(BillReminder.state == "planned", Delivery.state.in_(OPEN_STATES))
    return mails.where(BillReminder.bill_id == bindparam("bill_id"), waits).limit(1)


_UNDER_WAY = _under_way()  # built once: most payments find nothing
