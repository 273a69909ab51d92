"""The ledger of money: bills, what was paid on them, which reminders went, and the sums that are kept."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from edupulse.database import Model
from edupulse.people.models import Person

# open -> partly_paid -> paid; overdue from either of the first two when its day has passed; void ends all.
BILL_STATES = ("open", "partly_paid", "overdue", "paid", "void")
UNPAID_STATES = ("open", "partly_paid", "overdue")
METHODS = ("transfer", "cash", "card", "direct_debit", "online", "other")
# planned -> handed_over (a mail stands in its ledger) | skipped (with the reason)
REMINDER_STATES = ("planned", "handed_over", "skipped")

_UNPAID = text("state IN ('open', 'partly_paid', 'overdue')")
_PLANNED = text("state = 'planned'")
_IS_NAMED = text("reference <> ''")


class Bill(Model):
    """Money that a person owes. Amounts are whole minor units of the currency (cents, fen)."""

    __tablename__ = "bill"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(60), unique=True)  # as it stands on paper
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    note: Mapped[str] = mapped_column(Text, default="")  # stands in the mail
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    paid_minor: Mapped[int] = mapped_column(BigInteger, default=0)  # always the sum of its payments
    currency: Mapped[str] = mapped_column(String(3))  # ISO 4217
    issued_on: Mapped[date]
    due_on: Mapped[date]  # a day in the organisation's zone; it is overdue from the next midnight
    state: Mapped[str] = mapped_column(String(20), default="open")
    remind: Mapped[bool] = mapped_column(default=True)
    # When `check_pending_bills` next has something to do with it: a reminder, or that it becomes overdue.
    next_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    void_reason: Mapped[str] = mapped_column(String(300), default="")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    revision: Mapped[int] = mapped_column(default=0)  # grows with each change and each payment

    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)
    payments: Mapped[list[Payment]] = relationship(back_populates="bill", order_by="Payment.id")
    reminders: Mapped[list[BillReminder]] = relationship(back_populates="bill", order_by="BillReminder.id")

    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("paid_minor >= 0", name="paid"),
        Index("ix_bill_next_at", "next_at", sqlite_where=_UNPAID, postgresql_where=_UNPAID),
        Index("ix_bill_state", "state", "due_on"),
        Index("ix_bill_created_at", "created_at", "id"),
    )

    @property
    def open_minor(self) -> int:
        """Return what is still to be paid, in minor units."""
        return 0 if self.state == "void" else max(0, self.amount_minor - self.paid_minor)


class Payment(Model):
    """Money that came in for a bill, or went back (below zero); never changed, only answered by another one."""

    __tablename__ = "payment"

    id: Mapped[int] = mapped_column(primary_key=True)
    bill_id: Mapped[int] = mapped_column(ForeignKey("bill.id"), index=True)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))  # the bill's
    received_on: Mapped[date]  # a day in the organisation's zone: the month that it counts in
    method: Mapped[str] = mapped_column(String(20))
    reference: Mapped[str] = mapped_column(
        String(120), default=""
    )  # the bank's; the same one is the same money
    note: Mapped[str] = mapped_column(String(300), default="")
    actor: Mapped[str] = mapped_column(String(320))
    created_at: Mapped[datetime]

    bill: Mapped[Bill] = relationship(back_populates="payments")

    __table_args__ = (
        CheckConstraint("amount_minor <> 0", name="amount"),
        Index("ix_payment_received_on", "received_on", "currency"),
        Index("ix_payment_created_at", "created_at", "id"),
        Index(
            "uq_payment_reference",
            "bill_id",
            "reference",
            unique=True,
            sqlite_where=_IS_NAMED,
            postgresql_where=_IS_NAMED,
        ),
    )


class BillReminder(Model):
    """One reminder of one bill: once for each due date and each number of days around it."""

    __tablename__ = "bill_reminder"

    id: Mapped[int] = mapped_column(primary_key=True)
    bill_id: Mapped[int] = mapped_column(ForeignKey("bill.id"))
    due_on: Mapped[date]  # the bill's, when this was planned: another due date has reminders of its own
    days: Mapped[int]  # before the due date above zero, after it below; 0 is the day itself
    by_hand: Mapped[str] = mapped_column(
        String(40), default=""
    )  # empty, or the minute at which a person asked
    state: Mapped[str] = mapped_column(String(20), default="planned")
    reason: Mapped[str] = mapped_column(String(300), default="")
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id"), index=True)
    created_at: Mapped[datetime]

    bill: Mapped[Bill] = relationship(back_populates="reminders")

    __table_args__ = (
        UniqueConstraint("bill_id", "due_on", "days", "by_hand"),
        Index("ix_bill_reminder_planned", "id", sqlite_where=_PLANNED, postgresql_where=_PLANNED),
    )


class MonthRevenue(Model):
    """What came in during a month, kept for an hour: a payment says in its own transaction that it is out of date."""

    __tablename__ = "month_revenue"

    month: Mapped[str] = mapped_column(String(7), primary_key=True)  # 2026-03
    # Grows with each payment of the month: a sum begun before one is not written over it.
    version: Mapped[int] = mapped_column(default=0)
    figures: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # None: to be calculated
    calculated_at: Mapped[datetime | None]
