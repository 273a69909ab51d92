"""Money comes in and goes back; whatever happens, the sums hold."""

from __future__ import annotations

import contextlib
import random
import threading
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from edupulse import clock
from edupulse.accounts.audit import entries_of
from edupulse.database import db
from edupulse.errors import Conflict, EduPulseError, Invalid
from edupulse.finance import bills, due, payments, revenue
from edupulse.finance.models import Bill, BillReminder, Payment
from edupulse.finance.standing import today
from edupulse.mail.models import Delivery
from tests.finance.scenes import a_bill, a_person, check, fresh, mails, utc

ADA = "ada@school.example"


@pytest.mark.usefixtures("now")
def test_a_part_and_the_rest_pay_a_bill(sqlite_app: Flask) -> None:
    bill = a_bill()

    payments.pay(bill.id, 5_000, actor=ADA)
    assert (fresh(bill).state, bill.open_minor, bill.paid_at) == ("partly_paid", 7_000, None)
    payments.pay(bill.id, 7_000, actor=ADA, method="cash", note="at the desk")

    assert (fresh(bill).state, bill.open_minor, bill.next_at) == ("paid", 0, None)
    assert bill.paid_at == clock.now()
    assert [(each.amount_minor, each.method, each.received_on) for each in bill.payments] == [
        (5_000, "transfer", date(2026, 3, 12)),
        (7_000, "cash", date(2026, 3, 12)),
    ]
    assert [each.action for each in entries_of(f"bill:{bill.id}")] == ["bill.pay", "bill.pay", "bill.create"]


@pytest.mark.usefixtures("now")
def test_more_than_is_open_cannot_be_paid(sqlite_app: Flask) -> None:
    bill = a_bill()
    payments.pay(bill.id, 11_000, actor=ADA)

    with pytest.raises(Invalid, match=r"€10.00 is open") as refusal:
        payments.pay(bill.id, 1_001, actor=ADA)

    assert (refusal.value.facts["field"], refusal.value.facts["open_minor"]) == ("amount", 1_000)


@pytest.mark.usefixtures("now")
def test_the_same_reference_is_the_same_money(sqlite_app: Flask) -> None:
    bill = a_bill()
    first = payments.pay(bill.id, 12_000, actor=ADA, reference="BANK 1")

    again = payments.pay(bill.id, 12_000, actor=ADA, reference=" BANK  1 ")

    assert again.id == first.id
    assert fresh(bill).paid_minor == 12_000
    with pytest.raises(Conflict, match=r"stands for €120.00"):
        payments.pay(bill.id, 100, actor=ADA, reference="BANK 1")


@pytest.mark.usefixtures("now")
def test_what_was_paid_can_go_back_and_no_more(sqlite_app: Flask) -> None:
    bill = a_bill()
    payments.pay(bill.id, 12_000, actor=ADA)

    back = payments.refund(bill.id, 2_000, actor=ADA, reference="BACK 1")
    payments.refund(bill.id, 2_000, actor=ADA, reference="BACK 1")

    assert (back.amount_minor, fresh(bill).paid_minor, bill.state) == (-2_000, 10_000, "partly_paid")
    with pytest.raises(Invalid, match=r"€100.00 was paid"):
        payments.refund(bill.id, 10_001, actor=ADA)


@pytest.mark.usefixtures("now")
def test_a_refund_after_the_due_date_makes_a_bill_overdue_with_the_next_check(sqlite_app: Flask) -> None:
    bill = a_bill()
    payments.pay(bill.id, 12_000, actor=ADA)

    with clock.frozen(utc("2026-04-20 09:00")):
        payments.refund(bill.id, 1, actor=ADA)
    found = check("2026-04-20 09:01")

    assert (found["overdue"], fresh(bill).state) == (1, "overdue")


@pytest.mark.usefixtures("now")
@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"method": "shells"}, "method"),
        ({"received_on": date(2026, 3, 13)}, "received_on"),
        ({"received_on": date(26, 3, 13)}, "received_on"),
        ({"reference": "x" * 121}, "reference"),
        ({"note": "x" * 301}, "note"),
        ({"amount_minor": 0}, "amount"),
        ({"amount_minor": -5}, "amount"),
        ({"amount_minor": 10**15}, "amount"),
    ],
)
def test_a_payment_that_cannot_be_is_refused(sqlite_app: Flask, wrong: dict[str, object], field: str) -> None:
    bill = a_bill()

    with pytest.raises(Invalid) as refusal:
        payments.pay(bill.id, **{"amount_minor": 1, "actor": ADA, **wrong})  # type: ignore[arg-type]

    assert refusal.value.facts["field"] == field


@pytest.mark.usefixtures("now")
def test_paying_takes_back_the_reminder_that_waits(sqlite_app: Flask) -> None:
    bill = a_bill()
    check("2026-03-23 09:00")

    payments.pay(bill.id, 12_000, actor=ADA)

    assert [(mail.state, mail.reason) for mail in mails()] == [("cancelled", "The bill was paid.")]


@pytest.mark.usefixtures("now")
def test_payments_at_the_same_moment_never_exceed_the_bill(app: Flask) -> None:
    bill = a_bill(amount_minor=10_000)

    outcomes = at_once(app, [lambda: payments.pay(bill.id, 4_000, actor=ADA)] * 6)

    assert outcomes == Counter({"Payment": 2, "Invalid": 4})
    assert (fresh(bill).paid_minor, len(bill.payments)) == (8_000, 2)


@pytest.mark.usefixtures("now")
def test_the_same_reference_at_the_same_moment_is_one_payment(app: Flask) -> None:
    bill = a_bill(amount_minor=10_000)

    outcomes = at_once(app, [lambda: payments.pay(bill.id, 4_000, actor=ADA, reference="B1")] * 5)

    assert outcomes == Counter({"Payment": 5})
    assert fresh(bill).paid_minor == 4_000


@pytest.mark.usefixtures("now")
def test_bills_at_the_same_moment_get_different_numbers(app: Flask) -> None:
    person = a_person()

    outcomes = at_once(app, [lambda: a_bill(person)] * 6)

    assert outcomes == Counter({"Bill": 6})
    db.session.rollback()
    numbers = db.session.scalars(select(Bill.number).order_by(Bill.number)).all()
    assert numbers == [f"2026-{count:05d}" for count in range(1, 7)]


@pytest.mark.usefixtures("now")
def test_a_bill_paid_while_checks_run_has_no_mail_that_waits(app: Flask) -> None:
    whole = [a_bill(a_person(f"P{at}", f"p{at}@school.example")) for at in range(4)]
    moment = utc("2026-03-23 09:00")

    with clock.frozen(moment):
        pay = [lambda id=bill.id: payments.pay(id, 12_000, actor=ADA) for bill in whole]
        outcomes = at_once(app, [*pay, *[lambda: due.check(moment)] * 3])

    assert outcomes == Counter({"Payment": 4, "dict": 3})
    assert {mail.state for mail in mails()} <= {"cancelled"}
    planned = select(func.count()).select_from(BillReminder).where(BillReminder.state == "planned")
    assert db.session.scalar(planned) == 0


@pytest.mark.parametrize("seed", range(2))
def test_whatever_happens_the_sums_hold(sqlite_app: Flask, seed: int) -> None:
    chance, at = random.Random(seed), utc("2026-03-12 09:00")
    with clock.frozen(at):
        people = [a_person(), a_person("Li Lei", "li@school.example", locale="zh"), a_person("Mo", None)]
        whole = [a_bill(person, amount_minor=chance.randint(1, 300)) for person in people]

    for _ in range(50):
        at += timedelta(hours=chance.choice((0, 1, 7, 30)))
        with clock.frozen(at):
            _do_something(chance, chance.choice(whole).id)
        for bill in whole:
            _assert_sums_hold(bill, today(at))

    _assert_every_reminder_once()
    _assert_revenue_is_what_came_in(at)


def at_once(app: Flask, acts: list[Callable[[], object]]) -> Counter[str]:
    """Run all acts in threads that start together; return how often each kind of outcome came."""
    outcomes: Counter[str] = Counter()
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> None:
        with app.app_context():
            start.wait()
            try:
                outcomes[type(act()).__name__] += 1
            except EduPulseError as error:
                outcomes[type(error).__name__] += 1
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def _do_something(chance: random.Random, bill_id: int) -> None:
    some = chance.randint(1, 200)
    acts: list[Callable[[], object]] = [
        lambda: payments.pay(bill_id, some, actor=ADA),
        lambda: payments.pay(bill_id, some, actor=ADA, reference=f"R{some % 5}"),
        lambda: payments.pay(bill_id, max(1, bills.existing(bill_id).open_minor), actor=ADA),
        lambda: payments.refund(bill_id, some, actor=ADA),
        lambda: payments.refund(bill_id, max(1, bills.existing(bill_id).paid_minor), actor=ADA),
        lambda: bills.change(bill_id, {"amount_minor": some}, actor=ADA),
        lambda: bills.change(bill_id, {"due_on": today(clock.now()) + timedelta(days=some % 9)}, actor=ADA),
        lambda: bills.change(bill_id, {"remind": bool(some % 2)}, actor=ADA),
        lambda: bills.void(bill_id, "a mistake", actor=ADA),
        lambda: bills.unvoid(bill_id, actor=ADA),
        lambda: due.check(clock.now()),
        lambda: due.check(clock.now()),
    ]
    with contextlib.suppress(Invalid, Conflict):  # then nothing may have changed, which the sums tell
        chance.choice(acts)()


def _assert_sums_hold(bill: Bill, day: date) -> None:
    now = fresh(bill)
    paid = db.session.scalar(select(func.sum(Payment.amount_minor)).where(Payment.bill_id == bill.id)) or 0
    assert now.paid_minor == paid
    assert 0 <= paid <= now.amount_minor
    if now.state == "void":
        assert (paid, now.next_at) == (0, None)
    elif paid == now.amount_minor:
        assert (now.state, now.next_at) == ("paid", None)
        assert now.paid_at is not None
    else:
        assert now.state == ("partly_paid" if paid else "open") or (
            now.state == "overdue" and day > now.due_on
        )
        assert now.paid_at is None
        # what is overdue without saying so, the next check sees
        assert now.state == "overdue" or day <= now.due_on or now.next_at <= clock.now()
    if now.state in ("paid", "void"):
        open_mails = (
            select(func.count())
            .select_from(Delivery)
            .where(
                Delivery.kind == "bill_reminder",
                Delivery.subject_id == str(bill.id),
                Delivery.state == "queued",
            )
        )
        assert db.session.scalar(open_mails) == 0


def _assert_every_reminder_once() -> None:
    keys = [(mail.subject_id, mail.occurrence) for mail in mails()]
    assert keys
    assert len(set(keys)) == len(keys)


def _assert_revenue_is_what_came_in(at: object) -> None:
    rows = db.session.execute(select(Payment.received_on, Payment.amount_minor)).all()
    received: Counter[str] = Counter()
    for day, minor in rows:
        received[f"{day:%Y-%m}"] += minor
    for month, total in received.items():
        assert revenue.monthly(month, at).figures.get("EUR", 0) == total  # type: ignore[arg-type]
