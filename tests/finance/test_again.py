"""Reminders that were taken back may leave after all, and mails are written anew: never twice, never an old sum."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import update

from edupulse import clock
from edupulse.database import db
from edupulse.finance import bills, payments, sending
from edupulse.finance.models import Bill
from edupulse.mail.models import Delivery, DeliveryContent
from edupulse.transaction import transaction
from tests.finance.scenes import a_bill, a_person, check, fresh, mails, reminders, utc

pytestmark = pytest.mark.usefixtures("now")  # Thursday 12 March 2026, 09:00 UTC; the organisation is in UTC
ADA = "ada@example.org"


def _paid_and_back(bill: Bill) -> None:
    payments.pay(bill.id, 12_000, actor=ADA)
    payments.refund(bill.id, 12_000, actor=ADA)


def _voided_and_back(bill: Bill) -> None:
    bills.void(bill.id, "by mistake", actor=ADA)
    bills.unvoid(bill.id, actor=ADA)


def _moved_and_back(bill: Bill) -> None:
    bills.change(bill.id, {"due_on": date(2026, 5, 1)}, actor=ADA)
    bills.change(bill.id, {"due_on": date(2026, 3, 30)}, actor=ADA)


@pytest.mark.parametrize("to_and_fro", [_paid_and_back, _voided_and_back, _moved_and_back])
def test_a_reminder_that_was_taken_back_before_it_left_is_sent_after_all(
    sqlite_app: Flask, to_and_fro: Callable[[Bill], None]
) -> None:
    bill = a_bill()
    check("2026-03-23 09:00")

    with clock.frozen(utc("2026-03-23 09:00")):
        to_and_fro(bill)
    check("2026-03-23 09:02")

    assert [mail.state for mail in mails()] == ["cancelled", "queued"]
    assert reminders(bill) == [(7, "handed_over", "")]


@pytest.mark.parametrize("to_and_fro", [_paid_and_back, _voided_and_back, _moved_and_back])
def test_a_reminder_that_has_left_is_not_sent_again(
    sqlite_app: Flask, to_and_fro: Callable[[Bill], None]
) -> None:
    bill = a_bill()
    check("2026-03-23 09:00")
    _now_is("sent")

    with clock.frozen(utc("2026-03-23 09:00")):
        to_and_fro(bill)
    check("2026-03-23 09:02")

    assert [mail.state for mail in mails()] == ["sent"]


def test_one_that_was_taken_back_in_the_middle_of_being_sent_is_not_sent_again(sqlite_app: Flask) -> None:
    bill = a_bill()
    check("2026-03-23 09:00")
    _now_is("sending", claim="worker 1")

    with clock.frozen(utc("2026-03-23 09:00")):
        _voided_and_back(bill)
    check("2026-03-23 09:02")

    assert [mail.state for mail in mails()] == ["cancelled"]


def test_a_mail_that_a_person_called_off_is_not_written_again(sqlite_app: Flask) -> None:
    bill = a_bill()
    check("2026-03-23 09:00")
    _now_is("cancelled", reason="Not wanted.")

    with clock.frozen(utc("2026-03-23 09:00")):
        _voided_and_back(bill)
    check("2026-03-23 09:02")

    assert len(mails()) == 1


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (lambda bill: payments.pay(bill.id, 5_000, actor=ADA), "€70.00"),
        (lambda bill: bills.change(bill.id, {"amount_minor": 9_000}, actor=ADA), "€90.00"),
    ],
)
def test_a_waiting_mail_says_what_is_open_by_now(
    app: Flask, what: Callable[[Bill], object], said: str
) -> None:
    bill = a_bill()
    check("2026-03-23 09:00")

    with clock.frozen(utc("2026-03-23 09:01")):
        what(bill)
    check("2026-03-23 09:02")

    old, new = mails()
    assert (old.state, new.state) == ("cancelled", "queued")
    assert said in new.subject
    assert said in db.session.get_one(DeliveryContent, new.id).text


def test_a_bill_that_goes_to_somebody_else_reminds_them_of_what_had_not_left(sqlite_app: Flask) -> None:
    bill, other = a_bill(), a_person("Li Lei", "li@school.example")
    check("2026-03-23 09:00")

    with clock.frozen(utc("2026-03-23 09:01")):
        bills.change(bill.id, {"person_id": other.id}, actor=ADA)
    check("2026-03-23 09:02")

    assert [(mail.address, mail.state) for mail in mails()] == [
        ("zoe@school.example", "cancelled"), ("li@school.example", "queued"),
    ]  # fmt: skip


def test_a_mail_that_waits_until_the_next_reminder_is_of_no_use_then(sqlite_app: Flask) -> None:
    a_bill()

    for at in ("2026-03-23 09:00", "2026-03-29 09:00", "2026-03-30 09:00", "2026-04-02 09:00"):
        check(at)

    assert [f"{mail.expires_at:%m-%d %H:%M}" for mail in mails()] == [
        "03-29 09:00", "03-30 09:00", "03-31 00:00", "04-05 09:00",
    ]  # fmt: skip


def test_a_mail_by_hand_is_not_cut_short_by_the_reminder_that_it_replaces(sqlite_app: Flask) -> None:
    bill = a_bill()

    with clock.frozen(utc("2026-03-29 08:59")):
        sending.remind_now(bill.id, actor=ADA)
    check("2026-03-29 09:00")

    assert [f"{mail.expires_at:%m-%d %H:%M}" for mail in mails()] == ["03-31 00:00"]


def test_other_days_and_another_hour_reach_bills_that_stand_already(
    sqlite_app: Flask, change_settings: Callable[..., None]
) -> None:
    soon, late = a_bill(), a_bill(a_person("Li Lei", "li@school.example"), due_on=date(2026, 3, 1))
    check("2026-03-12 09:00")
    assert fresh(late).next_at is None

    change_settings(bill_reminder_days=(14, 7, -20), bill_reminder_hour=7)
    check("2026-03-12 09:05")

    assert [f"{fresh(bill).next_at:%m-%d %H:%M}" for bill in (soon, late)] == ["03-16 07:00", "03-21 07:00"]
    assert len(mails()) == 1  # what lay behind is not made up for
    check("2026-03-16 07:00")
    assert [mail.occurrence for mail in mails()] == ["2026-03-01:-10:", "2026-03-30:14:"]


def _now_is(state: str, **values: str) -> None:
    with transaction() as session:
        session.execute(update(Delivery).values(state=state, **values))
