"""A bill is entered, changed, voided and restored; reminders and the audit log follow."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from edupulse import clock
from edupulse.accounts.audit import entries_of
from edupulse.database import db
from edupulse.errors import Conflict, Invalid, NotFound
from edupulse.finance import bills, payments, reasons
from edupulse.finance.models import Bill
from tests.finance.scenes import a_bill, a_person, check, fresh, mails, reminders, utc

pytestmark = pytest.mark.usefixtures("now")  # Thursday 12 March 2026, 09:00 UTC


def test_bills_without_a_number_get_the_next_one_of_their_year(sqlite_app: Flask) -> None:
    person = a_person()

    numbers = [a_bill(person).number, a_bill(person, number="A-7").number, a_bill(person).number]

    assert numbers == ["2026-00001", "A-7", "2026-00002"]


def test_a_number_far_back_is_not_given_twice(sqlite_app: Flask) -> None:
    person = a_person()
    a_bill(person, number="2026-00001")
    for count in range(25):
        a_bill(person, number=f"B-{count}")

    assert a_bill(person).number == "2026-00002"
    assert a_bill(person, issued_on=date(2025, 12, 1)).number == "2025-00001"


def test_a_number_that_is_taken_is_refused(sqlite_app: Flask) -> None:
    bill = a_bill(number="A-7")

    with pytest.raises(Conflict, match="A-7 already") as refusal:
        a_bill(bill.person, number="A-7")

    assert refusal.value.facts["field"] == "number"
    assert db.session.scalars(select(Bill.number)).all() == ["A-7"]


def test_everything_that_is_wrong_with_a_bill_is_told_at_once(sqlite_app: Flask) -> None:
    with pytest.raises(Invalid) as refusal:
        a_bill(title=" ", amount_minor=0, due_on=date(20, 1, 1), currency="XX", note="\0")

    assert set(refusal.value.facts["fields"]) == {"title", "amount", "due_on", "currency", "note"}


def test_a_bill_needs_a_person_that_is_known(sqlite_app: Flask) -> None:
    with pytest.raises(Invalid) as refusal:
        bills.add(bills.NewBill(2**40, "Course", 100, date(2026, 4, 1)), actor="test")

    assert refusal.value.facts["field"] == "person_id"


def test_an_unknown_bill_is_not_found(sqlite_app: Flask) -> None:
    for bill_id in (7, 2**40, -1):
        with pytest.raises(NotFound):
            bills.existing(bill_id)


def test_entering_and_changing_is_on_record_with_what_it_was(sqlite_app: Flask) -> None:
    bill = a_bill()

    bills.change(bill.id, {"title": "Painting, summer", "remind": True}, actor="ada@school.example")

    change, create = entries_of(f"bill:{bill.id}")
    assert (create.action, create.detail["after"]["amount_minor"]) == ("bill.create", 12_000)
    assert (change.action, change.actor) == ("bill.change", "ada@school.example")
    assert change.detail["before"] == {"title": "Painting, spring"}
    assert change.detail["after"] == {"title": "Painting, summer"}
    assert fresh(bill).revision == 1


def test_a_change_that_changes_nothing_leaves_no_trace(sqlite_app: Flask) -> None:
    bill = a_bill()

    bills.change(bill.id, {"title": bill.title, "amount_minor": 12_000}, actor="test", revision=99)

    assert (fresh(bill).revision, len(entries_of(f"bill:{bill.id}"))) == (0, 1)


def test_who_changes_a_bill_that_somebody_else_changed_is_told_who(sqlite_app: Flask) -> None:
    bill = a_bill()
    bills.change(bill.id, {"note": "Bring brushes."}, actor="ada@school.example", revision=0)

    with pytest.raises(Conflict, match=r"ada@school.example changed this bill") as refusal:
        bills.change(bill.id, {"title": "Other"}, actor="test", revision=0)

    assert refusal.value.facts["revision"] == 1


def test_only_some_facts_of_a_bill_can_be_changed(sqlite_app: Flask) -> None:
    bill = a_bill()

    with pytest.raises(Invalid, match="currency of a bill cannot be changed"):
        bills.change(bill.id, {"currency": "CNY"}, actor="test")


def test_the_amount_cannot_fall_below_what_was_paid_and_at_it_the_bill_is_paid(sqlite_app: Flask) -> None:
    bill = a_bill()
    payments.pay(bill.id, 5_000, actor="test")

    with pytest.raises(Invalid, match=r"€50.00 were paid"):
        bills.change(bill.id, {"amount_minor": 4_999}, actor="test")
    bills.change(bill.id, {"amount_minor": 5_000}, actor="test")

    assert (fresh(bill).state, bill.next_at) == ("paid", None)
    bills.change(bill.id, {"amount_minor": 5_001}, actor="test")
    assert (fresh(bill).state, bill.paid_at) == ("partly_paid", None)


def test_a_bill_with_money_on_it_keeps_its_person(sqlite_app: Flask) -> None:
    bill, other = a_bill(), a_person("Li Lei", "li@school.example")
    payments.pay(bill.id, 1, actor="test")

    with pytest.raises(Conflict, match="Money was paid"):
        bills.change(bill.id, {"person_id": other.id}, actor="test")
    payments.refund(bill.id, 1, actor="test")
    changed = bills.change(bill.id, {"person_id": other.id}, actor="test")

    assert changed.person.name == "Li Lei"


def test_another_due_date_takes_back_the_mail_of_the_old_one_and_has_reminders_of_its_own(
    sqlite_app: Flask,
) -> None:
    bill = a_bill()
    check("2026-03-23 09:00")

    with clock.frozen(utc("2026-03-23 09:05")):
        bills.change(bill.id, {"due_on": date(2026, 4, 6)}, actor="test")
    check("2026-03-30 09:00")

    assert [(mail.state, mail.reason) for mail in mails()] == [("cancelled", reasons.MOVED), ("queued", None)]
    assert [each.occurrence for each in mails()] == ["2026-03-30:7:", "2026-04-06:7:"]


def test_a_later_due_date_ends_being_overdue(sqlite_app: Flask) -> None:
    bill = a_bill()
    check("2026-04-01 09:00")
    assert fresh(bill).state == "overdue"

    with clock.frozen(utc("2026-04-01 10:00")):
        bills.change(bill.id, {"due_on": date(2026, 4, 1)}, actor="test")

    assert fresh(bill).state == "open"
    check("2026-04-02 00:00")
    assert fresh(bill).state == "overdue"


def test_a_void_bill_reminds_nobody_and_cannot_be_changed_or_paid(sqlite_app: Flask) -> None:
    bill = a_bill()
    check("2026-03-23 09:00")

    bills.void(bill.id, "entered twice", actor="test")

    assert [mail.state for mail in mails()] == ["cancelled"]
    assert check("2026-04-20 09:00") == {"overdue": 0, "planned": 0, "skipped": 0}
    with pytest.raises(Conflict, match="void"):
        bills.change(bill.id, {"title": "Other"}, actor="test")
    with pytest.raises(Conflict, match="void"):
        payments.pay(bill.id, 1, actor="test")
    with pytest.raises(Conflict, match="void already"):
        bills.void(bill.id, "again", actor="test")
    assert (fresh(bill).open_minor, bill.void_reason) == (0, "entered twice")


def test_a_bill_with_money_on_it_is_not_voided(sqlite_app: Flask) -> None:
    bill = a_bill()
    payments.pay(bill.id, 2_000, actor="test")

    with pytest.raises(Conflict, match=r"€20.00 were paid"):
        bills.void(bill.id, "a mistake", actor="test")


def test_a_restored_bill_is_to_be_paid_again(sqlite_app: Flask) -> None:
    bill = a_bill()
    bills.void(bill.id, "a mistake", actor="test")

    bills.unvoid(bill.id, actor="test")

    assert (fresh(bill).state, bill.void_reason) == ("open", "")
    with pytest.raises(Conflict, match="not void"):
        bills.unvoid(bill.id, actor="test")
    check("2026-03-23 09:00")
    assert reminders(bill) == [(7, "handed_over", "")]


def test_a_bill_takes_line_breaks_only_in_its_note(sqlite_app: Flask, now: datetime) -> None:
    bill = a_bill(title="Painting,\n spring", note=" One line\r\nanother ")

    assert (bill.title, bill.note) == ("Painting, spring", "One line\nanother")
    assert bill.issued_on == now.date()
