"""Reminders that are planned are decided on again, written and handed to the mail line, those by hand too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, text, update
from sqlalchemy.orm import Session

from edupulse import clock
from edupulse.accounts.audit import record
from edupulse.control.progress import report
from edupulse.errors import Conflict
from edupulse.finance import reasons
from edupulse.finance.case import Case, cases
from edupulse.finance.compose import compose
from edupulse.finance.deciding import verdict
from edupulse.finance.models import UNPAID_STATES, Bill, BillReminder
from edupulse.finance.rows import held, subject_of
from edupulse.finance.stages import agenda, calendar, next_instant
from edupulse.finance.standing import today
from edupulse.finance.withdrawal import KIND
from edupulse.logs import get_logger
from edupulse.mail import outbox
from edupulse.mail.compose import Mail
from edupulse.mail.outbox import Posting
from edupulse.mail.suppressions import stops_for
from edupulse.transaction import transaction

BATCH = 200  # reminders in one transaction: the first are on their way while the next are written
PLANNED = "bill_reminder.state = 'planned'"  # the words of the partial index
ONE_BY_HAND_IN = timedelta(minutes=1)
USEFUL_FOR = timedelta(days=3)  # after the due date: by then the number of days in it is too wrong

log = get_logger(__name__)


def send(now: datetime, bill_id: int | None = None) -> dict[str, int]:
    """Hand over what is planned, of one bill or of all; return how many mails and how many were left out.

    Any number may run at once: each reminder is held by one. A bill that was paid meanwhile reminds nobody.
    """
    counts = Counter(mails=0, skipped=0)
    while found := _send_next(now, bill_id):
        counts.update(found)
        report(counts.total(), counts.total(), "reminders")
    return dict(counts)


def remind_now(bill_id: int, *, actor: str) -> BillReminder:
    """Remind the person of a bill at once, whatever the day.

    Raises NotFound, and Conflict where nothing is to be paid, the person cannot be written to, or somebody did the
    same within a minute.
    """
    moment = clock.now()
    with transaction() as session:
        bill = held(session, bill_id)
        _refuse_useless(bill)
        _refuse_again(session, bill, moment)
        id = session.scalar(_by_hand(bill, moment).returning(BillReminder.id))
        _decided(session, [id or 0], moment)
        reminder = session.get_one(BillReminder, id, populate_existing=True)
        said = {"delivery_id": reminder.delivery_id}
        record(actor, "bill.remind", subject_of(bill.id), number=bill.number, after=said)
    return reminder


def _send_next(now: datetime, bill_id: int | None) -> Counter[str]:
    """Hand over one batch in one transaction; return what became of it, empty when nothing is planned."""
    with transaction() as session:
        planned = select(BillReminder.id).where(text(PLANNED)).order_by(BillReminder.id).limit(BATCH)
        if bill_id is not None:
            planned = planned.where(BillReminder.bill_id == bill_id)
        ids = session.scalars(planned.with_for_update(skip_locked=True)).all()
        return _decided(session, ids, now) if ids else Counter()


def _decided(session: Session, ids: Sequence[int], now: datetime) -> Counter[str]:
    """Decide on reminders that are held, post what leaves, and write down what became of each."""
    outcomes: list[dict[str, Any]] = []
    leaving: list[tuple[Case, Mail]] = []
    for case in cases(session, ids):
        reason = verdict(case)
        mail = None if reason else _composed(case, now)
        if mail:
            leaving.append((case, mail))
        else:
            reason = reason or reasons.FAILED
            outcomes.append(
                {"id": case.reminder_id, "state": "skipped", "reason": reason, "delivery_id": case.earlier_id}
            )
    skipped = len(outcomes)
    outcomes += _posted(leaving, now)
    session.execute(update(BillReminder), outcomes)
    return Counter(mails=len(leaving), skipped=skipped)


def _posted(leaving: Sequence[tuple[Case, Mail]], now: datetime) -> list[dict[str, Any]]:
    deliveries = outbox.accept_many([_posting(case, mail, now) for case, mail in leaving])
    return [
        {"id": case.reminder_id, "state": "handed_over", "reason": "", "delivery_id": delivery.id}
        for (case, _), delivery in zip(leaving, deliveries, strict=True)
    ]


def _posting(case: Case, mail: Mail, now: datetime) -> Posting:
    return Posting(
        mail=mail,
        kind=KIND,
        subject_id=str(case.bill_id),
        occurrence=_occurrence(case),
        due_at=now,
        expires_at=_expiry(case, now),
    )


def _occurrence(case: Case) -> str:
    """Tell this mail from every other about the bill, also from one of the same reminder that was taken back."""
    again = f":{case.earlier_id}" if case.earlier_id else ""
    return f"{case.planned_for}:{case.days}:{case.by_hand}{again}"


def _expiry(case: Case, now: datetime) -> datetime:
    """Return when the mail is of no use: the next reminder says more, and two at once would be one too many."""
    found = agenda(case.due_on, calendar())
    last = found.overdue_at if now < found.overdue_at else now + USEFUL_FOR
    return last if case.by_hand else min(last, next_instant(found, now) or last)


def _composed(case: Case, now: datetime) -> Mail | None:
    """Write the mail; one that cannot be written does not hold up the others."""
    try:
        return compose(case, today(now))
    except Exception:
        log.exception("a reminder of a bill could not be written", reminder_id=case.reminder_id)
        return None


def _refuse_useless(bill: Bill) -> None:
    """Raise Conflict where a reminder would be wrong or reach nobody; a person may ask in spite of `remind`."""
    about: dict[str, Any] = {"bill_id": bill.id, "state": bill.state}
    if bill.state not in UNPAID_STATES:
        raise Conflict(f"Nothing is to be paid on the bill {bill.number}: it is {bill.state}.", **about)
    if not bill.person.active:
        cure = "Say that they are back, if they are."
        raise Conflict(f"{bill.person.name} has left and is not written to.", cure=cure, **about)
    if not bill.person.email:
        raise Conflict(f"{bill.person.name} has no e-mail address.", cure="Add it to the person.", **about)
    if stops_for([bill.person.email]).reason(bill.person.email, KIND):
        cure = "Lift the stop first, if they want mail again."
        raise Conflict(f"Mail to {bill.person.email} is stopped.", cure=cure, **about)


def _refuse_again(session: Session, bill: Bill, moment: datetime) -> None:
    last = select(BillReminder.created_at).where(BillReminder.bill_id == bill.id, BillReminder.by_hand != "")
    at = session.scalar(last.order_by(BillReminder.id.desc()).limit(1))
    if at is not None and moment - at < ONE_BY_HAND_IN:
        raise Conflict(
            f"A reminder of the bill {bill.number} was sent a moment ago.",
            cure="Wait a minute if there has to be another one.",
            bill_id=bill.id,
        )


def _by_hand(bill: Bill, moment: datetime) -> Any:
    return insert(BillReminder).values(
        bill_id=bill.id,
        due_on=bill.due_on,
        days=(bill.due_on - today(moment)).days,
        by_hand=f"{moment:%Y%m%dT%H%M%SZ}",
        state="planned",
        reason="",
        created_at=moment,
    )
