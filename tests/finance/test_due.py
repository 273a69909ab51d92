"""The check each minute: overdue marked, reminders planned, sent and left out, each once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import event, select, update

from edupulse import clock
from edupulse.accounts.users import create_user
from edupulse.database import db
from edupulse.errors import Conflict
from edupulse.finance import bills, due, payments, reasons, sending
from edupulse.finance.models import Bill, BillReminder
from edupulse.mail import suppressions
from edupulse.notifications.models import Notification
from edupulse.transaction import transaction
from tests.finance.scenes import a_bill, a_person, check, fresh, mails, reminders, utc

pytestmark = pytest.mark.usefixtures("now")  # Thursday 12 March 2026, 09:00 UTC; the organisation is in UTC
NOTHING = {"overdue": 0, "planned": 0, "skipped": 0}


def test_a_bill_is_reminded_of_before_on_and_after_its_due_date_and_never_twice(sqlite_app: Flask) -> None:
    bill = a_bill()  # due on 30 March
    at, found = utc("2026-03-12 09:00"), Counter[str]()

    while at < utc("2026-04-20 00:00"):
        found.update(check(f"{at:%Y-%m-%d %H:%M}"))
        at += timedelta(hours=3)

    assert found == Counter(overdue=1, planned=5)
    assert [(mail.occurrence, f"{mail.accepted_at:%m-%d %H:%M}") for mail in mails()] == [
        ("2026-03-30:7:", "03-23 09:00"),
        ("2026-03-30:1:", "03-29 09:00"),
        ("2026-03-30:0:", "03-30 09:00"),
        ("2026-03-30:-3:", "04-02 09:00"),
        ("2026-03-30:-10:", "04-09 09:00"),
    ]
    assert (fresh(bill).state, bill.next_at, bill.revision) == ("overdue", None, 0)


def test_a_bill_is_overdue_from_the_midnight_of_the_organisation(
    sqlite_app: Flask, change_settings: Callable[..., None]
) -> None:
    change_settings(timezone="Asia/Shanghai")
    bill = a_bill()

    check("2026-03-30 15:59")
    assert fresh(bill).state == "open"
    check("2026-03-30 16:00")

    assert fresh(bill).state == "overdue"


def test_after_an_outage_only_the_latest_reminder_leaves(sqlite_app: Flask) -> None:
    bill = a_bill()

    assert check("2026-03-30 12:00") == {"overdue": 0, "planned": 1, "skipped": 2}

    assert reminders(bill) == [
        (7, "skipped", reasons.OVERTAKEN),
        (1, "skipped", reasons.OVERTAKEN),
        (0, "handed_over", ""),
    ]


def test_a_bill_that_is_entered_overdue_is_marked_and_reminded_of_once(sqlite_app: Flask) -> None:
    bill = a_bill(due_on=date(2026, 3, 7))

    assert check("2026-03-12 09:01") == {"overdue": 1, "planned": 1, "skipped": 3}

    assert reminders(bill) == [
        (7, "skipped", reasons.ENTERED_LATER),
        (1, "skipped", reasons.ENTERED_LATER),
        (0, "skipped", reasons.OVERTAKEN),
        (-3, "handed_over", ""),
    ]


@pytest.mark.parametrize(
    ("person", "bill", "reason"),
    [
        ({"email": None}, {}, reasons.NO_ADDRESS),
        ({"active": False}, {}, reasons.LEFT),
        ({}, {"remind": False}, reasons.REMINDERS_OFF),
    ],
)
def test_who_cannot_be_reminded_is_left_out_with_the_reason(
    sqlite_app: Flask, person: dict[str, object], bill: dict[str, object], reason: str
) -> None:
    entered = a_bill(a_person(**person), **bill)  # type: ignore[arg-type]

    assert check("2026-03-23 09:00") == {"overdue": 0, "planned": 0, "skipped": 1}

    assert (reminders(entered), len(mails())) == ([(7, "skipped", reason)], 0)


def test_a_suppressed_address_gets_a_row_that_says_so_and_no_mail(sqlite_app: Flask) -> None:
    a_bill()
    suppressions.suppress("zoe@school.example", reason="She asked for it.", source="test")

    check("2026-03-23 09:00")

    assert [(mail.state, mail.reason) for mail in mails()] == [("suppressed", "She asked for it.")]


def test_what_was_planned_by_a_check_that_ended_half_way_leaves_with_the_next(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill = a_bill()
    with monkeypatch.context() as broken:
        broken.setattr(sending, "send", lambda now: None)
        check("2026-03-23 09:00")
    assert reminders(bill) == [(7, "planned", "")]

    assert check("2026-03-23 09:01") == NOTHING

    assert reminders(bill) == [(7, "handed_over", "")]


@pytest.mark.parametrize(
    ("meanwhile", "reason"),
    [
        ({"state": "paid", "next_at": None}, reasons.PAID),
        ({"state": "void", "next_at": None}, reasons.VOID),
        ({"due_on": date(2026, 5, 1)}, reasons.MOVED),
        ({"remind": False}, reasons.REMINDERS_OFF),
    ],
)
def test_a_planned_reminder_is_decided_on_again_before_it_leaves(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, meanwhile: dict[str, object], reason: str
) -> None:
    bill = a_bill()
    with monkeypatch.context() as broken:
        broken.setattr(sending, "send", lambda now: None)
        check("2026-03-23 09:00")
    with transaction() as session:
        session.execute(update(Bill).values(**meanwhile))

    assert sending.send(utc("2026-03-23 09:01")) == {"mails": 0, "skipped": 1}

    assert reminders(bill) == [(7, "skipped", reason)]


def test_only_the_reminders_of_one_bill_are_sent_where_one_is_named(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = a_bill(), a_bill(a_person("Li Lei", "li@school.example"))
    with monkeypatch.context() as broken:
        broken.setattr(sending, "send", lambda now: None)
        check("2026-03-23 09:00")

    assert sending.send(utc("2026-03-23 09:01"), bill_id=other.id) == {"mails": 1, "skipped": 0}

    assert [reminders(one)[0][1], reminders(other)[0][1]] == ["planned", "handed_over"]


def test_one_that_cannot_be_written_does_not_hold_up_the_others(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = a_bill(title="Bad"), a_bill(a_person("Li Lei", "li@school.example"))
    written = sending.compose

    def broken(case: sending.Case, today: date) -> sending.Mail:
        if case.title == "Bad":
            raise RuntimeError("no ink")
        return written(case, today)

    monkeypatch.setattr(sending, "compose", broken)

    check("2026-03-23 09:00")

    assert reminders(bad) == [(7, "skipped", reasons.FAILED)]
    assert reminders(good) == [(7, "handed_over", "")]


def test_checks_at_the_same_moment_plan_and_mail_each_reminder_once(app: Flask) -> None:
    person = a_person()
    for _ in range(12):
        a_bill(person)
    moment, found, start = utc("2026-03-23 09:00"), Counter[str](), threading.Barrier(4)

    def run() -> None:
        with app.app_context():
            start.wait()
            found.update(due.check(moment))
            db.session.remove()

    threads = [threading.Thread(target=run) for _ in range(4)]
    with clock.frozen(moment):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert found["planned"] == 12
    assert len(mails()) == 12
    states = db.session.scalars(select(BillReminder.state)).all()
    assert Counter(states) == Counter(handed_over=12)


def test_a_check_with_nothing_to_do_asks_one_question_and_writes_nothing(sqlite_app: Flask) -> None:
    a_bill()
    asked: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert check("2026-03-12 09:01") == NOTHING
    finally:
        event.remove(db.engine, "before_cursor_execute", note)

    (question,) = [each for each in asked if "bill" in each]
    plan = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {question}", ("2026-03-12",)).all()
    steps = [row.detail for row in plan if " USING " in row.detail or row.detail.startswith("SCAN b")]
    assert steps == [
        "SEARCH bill USING INDEX ix_bill_next_at (next_at<?)",
        "SCAN bill_reminder USING INDEX ix_bill_reminder_planned",
    ]


def test_operators_are_told_once_a_day_of_bills_that_became_overdue(sqlite_app: Flask) -> None:
    create_user("otto@school.example", "Otto", "operator", "a long enough password")
    person = a_person()
    for _ in range(3):
        a_bill(person)

    check("2026-03-31 00:00")
    a_bill(person, due_on=date(2026, 3, 11))
    check("2026-03-31 01:00")

    told = db.session.scalars(select(Notification)).all()
    assert [(each.kind, each.key, each.facts, each.link) for each in told] == [
        ("bills_overdue", "bills_overdue:2026-03-31", {"count": 3}, "/bills?state=overdue")
    ]


def test_more_bills_than_one_batch_are_all_looked_at(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due, "BATCH", 2)
    monkeypatch.setattr(sending, "BATCH", 2)
    person = a_person()
    for _ in range(5):
        a_bill(person)

    assert check("2026-03-31 00:00")["overdue"] == 5

    assert len(mails()) == 5


def test_a_reminder_by_hand_leaves_at_once_and_spares_the_one_that_is_near(sqlite_app: Flask) -> None:
    bill = a_bill(remind=False)
    with clock.frozen(utc("2026-03-23 08:55")):
        sent = sending.remind_now(bill.id, actor="ada@school.example")
        with pytest.raises(Conflict, match="a moment ago"):
            sending.remind_now(bill.id, actor="ada@school.example")
        bills.change(bill.id, {"remind": True}, actor="test")

    check("2026-03-23 09:00")

    assert (sent.state, sent.days, sent.delivery_id) == ("handed_over", 7, mails()[0].id)
    assert sorted(reminders(bill)) == [(7, "handed_over", ""), (7, "skipped", reasons.TOLD)]
    check("2026-03-29 09:00")
    assert len(mails()) == 2


def test_nobody_is_reminded_by_hand_of_what_is_settled_or_without_an_address(sqlite_app: Flask) -> None:
    paid, unreachable, left = a_bill(), a_bill(a_person(email=None)), a_bill(a_person(active=False))
    payments.pay(paid.id, 12_000, actor="test")

    for bill, said in ((paid, "it is paid"), (unreachable, "no e-mail address"), (left, "has left")):
        with pytest.raises(Conflict, match=said):
            sending.remind_now(bill.id, actor="test")

    assert not mails()


def test_what_comes_next_is_in_the_order_in_which_it_leaves(sqlite_app: Flask) -> None:
    person = a_person()
    late, early = a_bill(person, due_on=date(2026, 4, 30)), a_bill(person, due_on=date(2026, 3, 15))
    a_bill(a_person("Mo", None))
    over = a_bill(person, due_on=date(2026, 3, 11))
    check("2026-03-12 09:00")

    found = due.coming(10)

    assert [(each.bill_id, each.days, f"{each.at:%m-%d %H}") for each in found] == [
        (early.id, 1, "03-14 09"),
        (over.id, -3, "03-14 09"),
        (late.id, 7, "04-23 09"),
    ]
    assert [each.bill_id for each in due.coming(1)] == [early.id]
