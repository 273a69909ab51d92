"""The whole story of a bill: entered, changed, paid, reminded of, overdue; and why nobody is reminded of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from edupulse.accounts.audit import entries_of
from edupulse.accounts.models import AuditEntry
from edupulse.config import current_settings
from edupulse.database import db
from edupulse.finance import reasons
from edupulse.finance.deciding import obstacle
from edupulse.finance.models import Bill, BillReminder
from edupulse.finance.money import amount_words
from edupulse.finance.rows import existing, subject_of
from edupulse.finance.stages import agenda, calendar
from edupulse.finance.withdrawal import KIND
from edupulse.mail.models import Delivery
from edupulse.mail.suppressions import stops_for

MOST_ACTS = 500  # of the audit log, newest first


@dataclass(frozen=True)
class Entry:
    """One thing that happened; `code` and `facts` are for pages, which say it in the reader's language.

    code: entered | changed | payment | refund | reminder | overdue | paid | void | unvoid
    """

    at: datetime
    what: str
    detail: str
    link: str = ""  # a path of this site
    code: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


def story(bill_id: int, locale: str = "en") -> list[Entry]:
    """Return what happened to a bill, oldest first; amounts as readers of `locale` write them. Raises NotFound."""
    bill = existing(bill_id)
    entries = [*_entered(bill, locale), *_acts(bill), *_money(bill, locale), *_reminders(bill), *_ends(bill)]
    return sorted(entries, key=lambda entry: entry.at)


def why_no_reminder(bill_id: int) -> str:
    """Say in one sentence why no reminder of the bill will leave, empty if one will. Raises NotFound.

    The sentences are those of reasons.py, for pages to translate, or the words of a suppression.
    """
    bill = existing(bill_id)
    settled = {"paid": reasons.PAID, "void": reasons.VOID}.get(bill.state)
    if reason := settled or obstacle(_ForReminding(bill)):
        return reason
    if not current_settings().bill_reminder_days:
        return reasons.NO_DAYS
    if stops_for([bill.person.email or ""]).reason(bill.person.email or "", KIND):
        return reasons.SUPPRESSED
    stages = agenda(bill.due_on, calendar()).stages
    is_coming = bill.next_at is not None and any(at >= bill.next_at for at, _ in stages)
    return "" if is_coming else reasons.ALL_SENT


@dataclass(frozen=True)
class _ForReminding:
    """A bill as `obstacle` asks for it."""

    bill: Bill

    @property
    def remind(self) -> bool:
        return self.bill.remind

    @property
    def email(self) -> str | None:
        return self.bill.person.email

    @property
    def active(self) -> bool:
        return self.bill.person.active


def _entered(bill: Bill, locale: str) -> Iterator[Entry]:
    amount = amount_words(bill.amount_minor, bill.currency, locale)
    yield Entry(bill.created_at, "Entered", "", code="entered", facts={"amount": amount})


_ACTS = {
    "bill.change": ("changed", "Changed"),
    "bill.void": ("void", "Voided"),
    "bill.unvoid": ("unvoid", "Restored"),
}


def _acts(bill: Bill) -> Iterator[Entry]:
    for act in entries_of(subject_of(bill.id), MOST_ACTS):
        if act.action in _ACTS:
            code, what = _ACTS[act.action]
            before, after = act.detail.get("before", {}), act.detail.get("after", {})
            facts = {"actor": act.actor, "before": before, "after": after}
            yield Entry(act.at, what, _difference(act), code=code, facts=facts)


def _difference(act: AuditEntry) -> str:
    before, after = act.detail.get("before", {}), act.detail.get("after", {})
    if act.action != "bill.change":
        return str(after.get("reason", ""))
    return ", ".join(f"{name}: {before.get(name)} → {value}" for name, value in after.items())


def _money(bill: Bill, locale: str) -> Iterator[Entry]:
    for payment in bill.payments:
        is_refund = payment.amount_minor < 0
        amount = amount_words(abs(payment.amount_minor), payment.currency, locale)
        facts = {
            "amount": amount, "method": payment.method, "reference": payment.reference, "note": payment.note,
            "received_on": payment.received_on, "actor": payment.actor,
        }  # fmt: skip
        detail = " · ".join(filter(None, (amount, payment.reference, payment.note)))
        what, code = ("Refunded", "refund") if is_refund else ("Payment received", "payment")
        yield Entry(payment.created_at, what, detail, code=code, facts=facts)


def _reminders(bill: Bill) -> Iterator[Entry]:
    query = (
        select(BillReminder, Delivery.state, Delivery.reason, Delivery.sent_at, Delivery.address)
        .outerjoin(Delivery, Delivery.id == BillReminder.delivery_id)
        .where(BillReminder.bill_id == bill.id)
    )
    for reminder, state, reason, sent_at, address in db.session.execute(query):
        facts = {
            "days": reminder.days, "due_on": reminder.due_on, "by_hand": bool(reminder.by_hand),
            "state": reminder.state, "reason": reminder.reason, "delivery_id": reminder.delivery_id,
            "delivery_state": state, "delivery_reason": reason or "", "sent_at": sent_at, "address": address or "",
        }  # fmt: skip
        detail = ": ".join(filter(None, (state or reminder.state, reminder.reason or reason)))
        link = f"/deliveries/{reminder.delivery_id}" if reminder.delivery_id else ""
        yield Entry(reminder.created_at, "Reminder", detail, link, "reminder", facts)


def _ends(bill: Bill) -> Iterator[Entry]:
    """Tell what the bill's own row says: overdue since, paid since."""
    over = agenda(bill.due_on, calendar()).overdue_at
    if bill.state == "overdue" or (bill.paid_at and bill.paid_at > over):
        yield Entry(max(over, bill.created_at), "Overdue", "", code="overdue")
    if bill.paid_at:
        yield Entry(bill.paid_at, "Paid in full", "", code="paid")
