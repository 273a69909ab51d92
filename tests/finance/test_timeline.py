"""The story of a bill, and why nobody is reminded of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask

from edupulse import clock
from edupulse.finance import bills, payments, reasons
from edupulse.finance.timeline import story, why_no_reminder
from edupulse.mail import suppressions
from tests.finance.scenes import a_bill, a_person, check, utc

pytestmark = pytest.mark.usefixtures("now")


def test_a_story_tells_everything_in_its_order(sqlite_app: Flask) -> None:
    bill = a_bill()
    bills.change(bill.id, {"amount_minor": 10_000}, actor="ada@school.example")
    check("2026-03-30 09:00")
    check("2026-03-31 00:00")
    with clock.frozen(utc("2026-04-01 10:00")):
        payments.pay(bill.id, 10_000, actor="ada@school.example", reference="B1")
    with clock.frozen(utc("2026-04-01 11:00")):
        payments.refund(bill.id, 10_000, actor="ada@school.example")
    with clock.frozen(utc("2026-04-01 12:00")):
        bills.void(bill.id, "a mistake", actor="ada@school.example")

    entries = story(bill.id)

    assert [entry.code for entry in entries] == [
        "entered", "changed", "reminder", "reminder", "reminder", "payment", "refund", "void",
    ]  # fmt: skip
    assert entries[1].detail == "amount_minor: 12000 → 10000"
    assert entries[5].detail == "€100.00 · B1"
    assert entries[-1].detail == "a mistake"
    handed = next(entry for entry in entries if entry.facts.get("state") == "handed_over")
    assert (handed.facts["days"], handed.facts["delivery_state"]) == (0, "cancelled")
    assert handed.link == f"/deliveries/{handed.facts['delivery_id']}"


def test_a_story_tells_when_a_bill_became_overdue_and_was_paid_late(sqlite_app: Flask) -> None:
    bill = a_bill()
    check("2026-03-31 00:00")
    with clock.frozen(utc("2026-04-01 10:00")):
        payments.pay(bill.id, 12_000, actor="test")

    ends = [(entry.code, entry.at) for entry in story(bill.id) if entry.code in ("overdue", "paid")]

    assert ends == [("overdue", utc("2026-03-31 00:00")), ("paid", utc("2026-04-01 10:00"))]


def test_who_is_to_be_reminded_has_no_reason_against_it(sqlite_app: Flask) -> None:
    assert why_no_reminder(a_bill().id) == ""


def test_each_reason_for_no_reminder_is_told(sqlite_app: Flask, change_settings: Callable[..., None]) -> None:
    paid = a_bill(title="paid")
    payments.pay(paid.id, 12_000, actor="test")
    suppressions.suppress("li@school.example", reason="She asked.", source="test")
    over = a_bill(due_on=date(2026, 1, 1))
    check("2026-03-12 09:00")
    said = {
        why_no_reminder(bill.id)
        for bill in (
            paid, over, a_bill(remind=False), a_bill(a_person(email=None)), a_bill(a_person(active=False)),
            a_bill(a_person("Li", "li@school.example")),
        )
    }  # fmt: skip
    plain = a_bill()
    change_settings(bill_reminder_days=())

    assert said == {
        reasons.PAID, reasons.ALL_SENT, reasons.REMINDERS_OFF, reasons.NO_ADDRESS, reasons.LEFT, reasons.SUPPRESSED,
    }  # fmt: skip
    assert why_no_reminder(plain.id) == reasons.NO_DAYS
