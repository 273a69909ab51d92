"""Bills whose next instant has come are looked at: overdue or not, which reminders are planned, which left out."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import TextClause, bindparam, select, text, update

from edupulse.control.progress import report
from edupulse.database import UtcDateTime, db
from edupulse.finance import reasons, sending
from edupulse.finance.coming import coming
from edupulse.finance.deciding import obstacle
from edupulse.finance.looks import set_by_calendar
from edupulse.finance.models import Bill, BillReminder
from edupulse.finance.rows import HOLD, UNPAID
from edupulse.finance.stages import Calendar, Step, agenda, calendar, next_instant, steps
from edupulse.finance.standing import today
from edupulse.finance.told import Told, told_of
from edupulse.mail.once import insert_once
from edupulse.notifications import notify
from edupulse.people.models import Person
from edupulse.transaction import look_anew, transaction

__all__ = ["check", "coming"]

BATCH = 500  # bills in one transaction
TOLD_FOR = timedelta(hours=12)  # after a reminder by hand, the one that is planned would say the same again


def check(now: datetime) -> dict[str, int]:
    """Mark what is overdue at `now`, plan the reminders whose time has come and hand them over.

    Returns how many bills became overdue and how many reminders were planned or left out. Any number of checks may
    run at once: each bill is held by one. Without anything to do it is one look into two small indexes.
    """
    counts = Counter(overdue=0, planned=0, skipped=0)
    set_by_calendar(now)
    due, is_waiting = _looked(now)
    for done in range(0, due, BATCH):
        report(done, due, "bills")
        counts.update(_check_next(now))
    if counts["overdue"]:
        facts, key = {"count": counts["overdue"]}, f"bills_overdue:{today(now)}"
        notify.tell_role("operator", "bills_overdue", key, facts, link="/bills?state=overdue")
    if counts["planned"] or is_waiting:  # what waits was planned by a check that ended half-way
        sending.send(now)
    return dict(counts)


def _looked(now: datetime) -> tuple[int, bool]:
    """Return how many bills are due for a look, and whether a reminder waits to be handed over."""
    look_anew()
    bills, is_waiting = db.session.execute(_question(db.engine.dialect.name), {"now": now}).one()
    return bills, bool(is_waiting)


@cache
def _question(dialect: str) -> TextClause:
    """Return the one question of a check: each half reads a partial index.

    SQLite is told which, for without statistics it takes the index by state and reads every bill that is not paid.
    """
    bills = "bill INDEXED BY ix_bill_next_at" if dialect == "sqlite" else "bill"
    due = f"SELECT count(*) FROM {bills} WHERE {UNPAID} AND bill.next_at <= :now"  # noqa: S608 - constants
    waiting = f"SELECT 1 FROM bill_reminder WHERE {sending.PLANNED}"  # noqa: S608 - constants
    return text(f"SELECT ({due}), EXISTS ({waiting})").bindparams(bindparam("now", type_=UtcDateTime))


def _check_next(now: datetime) -> Counter[str]:
    """Look at one batch in one transaction; return what became of it."""
    counts: Counter[str] = Counter()
    with transaction() as session:
        bills = session.execute(_due(now)).all()
        told, wishes = told_of(session, bills), calendar()
        reminders, again, changes = [], [], []
        for bill in bills:
            taken = _steps(bill, told[bill.id], wishes, now)
            known = told[bill.id].again
            reminders += [_reminder(bill, step, now) for step in taken if step.days not in known]
            again += [known[step.days] for step in taken if step.days in known and not step.reason]
            changes.append(_change(bill, wishes, now))
            counts["overdue"] += changes[-1]["state"] != bill.state
        counts.update(each["state"] for each in reminders)
        if reminders:
            session.execute(insert_once(session, BillReminder), reminders)
        if again:
            session.execute(
                update(BillReminder), [{"id": id, "state": "planned", "reason": ""} for id in again]
            )
            counts["planned"] += len(again)
        if changes:
            session.execute(update(Bill), changes)
    return counts


def _due(now: datetime) -> Any:
    facts = (Bill.id, Bill.due_on, Bill.state, Bill.remind, Bill.created_at)
    query = select(*facts, Person.email, Person.active).join(Person, Person.id == Bill.person_id)
    query = query.where(text(UNPAID), Bill.next_at <= now).order_by(Bill.next_at, Bill.id).limit(BATCH)
    return query.with_for_update(skip_locked=True, **HOLD)


def _steps(bill: Any, told: Told, wishes: Calendar, now: datetime) -> list[Step]:
    """Return what to do about the bill's stages; why nobody can be told comes before every other reason to plan."""
    found = steps(agenda(bill.due_on, wishes), told.days, bill.created_at, now)
    reason = obstacle(bill)
    if not reason and told.by_hand_at and now - told.by_hand_at < TOLD_FOR:
        reason = reasons.TOLD
    return [Step(step.days, step.reason or reason) for step in found]


def _reminder(bill: Any, step: Step, now: datetime) -> dict[str, Any]:
    return {
        "bill_id": bill.id, "due_on": bill.due_on, "days": step.days, "by_hand": "",
        "state": "skipped" if step.reason else "planned", "reason": step.reason, "created_at": now,
    }  # fmt: skip


def _change(bill: Any, wishes: Calendar, now: datetime) -> dict[str, Any]:
    found = agenda(bill.due_on, wishes)
    state = "overdue" if now >= found.overdue_at else bill.state
    return {"id": bill.id, "state": state, "next_at": next_instant(found, now)}
