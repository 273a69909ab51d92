"""A file of bills is taken in: what is new is added, what is known stays, what is wrong is named by its line."""

from __future__ import annotations

import io
from datetime import date, datetime

import pytest
from flask import Flask
from openpyxl import Workbook
from sqlalchemy import func, select

from edupulse.database import db
from edupulse.errors import Invalid
from edupulse.finance import revenue
from edupulse.finance.dates import parse_day
from edupulse.finance.intake import IntakeReport, problems_as_csv, take_in
from edupulse.finance.models import Bill
from tests.finance.scenes import a_bill, a_person, check, mails

pytestmark = pytest.mark.usefixtures("now")
FILE = (
    "Invoice number;Student number;What for;Amount;Due date;Paid;Paid on;Note\n"
    "R-1;S-7;Painting;1.234,50;31.03.2026;;;\n"
    "R-2;S-7;Ink;12,00 €;2026/04/01;yes;01.03.2026;thank you\n"
    ";S-7;Paper;5;2026-04-02;2,50;;\n"
)


def send(text: str, **how: bool) -> IntakeReport:
    return take_in(text.encode(), "bills.csv", actor="test", **how)


def sums(report: IntakeReport) -> tuple[int, int, int, int]:
    return report.read, report.added, report.same, report.rejected


def stored() -> list[Bill]:
    db.session.rollback()
    db.session.expire_all()
    return list(db.session.scalars(select(Bill).order_by(Bill.id)))


@pytest.fixture
def zoe(sqlite_app: Flask) -> None:
    a_person(external_id="S-7")


@pytest.mark.usefixtures("zoe")
def test_bills_of_a_file_are_added_with_what_was_paid_on_them(now: datetime) -> None:
    report = send(FILE)

    assert sums(report) == (3, 3, 0, 0)
    assert (report.billed, report.paid) == ({"EUR": 125_150}, {"EUR": 1_450})
    assert [(each.number, each.amount_minor, each.paid_minor, each.state) for each in stored()] == [
        ("R-1", 123_450, 0, "open"),
        ("R-2", 1_200, 1_200, "paid"),
        ("2026-00001", 500, 250, "partly_paid"),
    ]
    assert stored()[0].due_on == date(2026, 3, 31)
    assert revenue.monthly("2026-03", now).figures == {"EUR": 1_450}


@pytest.mark.usefixtures("zoe")
def test_the_same_file_again_changes_nothing() -> None:
    send(FILE)

    assert sums(send(FILE)) == (3, 0, 3, 0)
    assert len(stored()) == 3


@pytest.mark.usefixtures("zoe")
def test_a_dry_run_says_the_same_and_writes_nothing() -> None:
    dry = send(FILE, dry_run=True)

    assert stored() == []
    assert sums(dry) == sums(send(FILE))


@pytest.mark.usefixtures("zoe")
def test_equal_lines_without_a_number_are_as_many_bills_as_lines() -> None:
    text = "person,title,amount,due\nZoë Berg,Lesson,10,2026-04-01\nZoë Berg,Lesson,10,2026-04-01\n"

    assert sums(send(text)) == (2, 2, 0, 0)
    assert sums(send(text + "Zoë Berg,Lesson,10,2026-04-01\n")) == (3, 1, 2, 0)


@pytest.mark.usefixtures("zoe")
def test_lines_that_cannot_be_used_are_named_and_do_not_stop_the_others() -> None:
    a_bill(number="R-9", title="Clay", amount_minor=900)
    report = send(
        "number,email,title,amount,due,paid\n"
        "R-1,nobody@school.example,Ink,5,2026-04-01,\n"
        "R-2,zoe@school.example,Ink,1.234,2026-04-01,\n"
        "R-3,zoe@school.example,Ink,5,03/04/2026,\n"
        "R-4,zoe@school.example,,5,2026-04-01,\n"
        "R-5,zoe@school.example,Ink,5,2026-04-01,6\n"
        "R-6,,Ink,5,2026-04-01,\n"
    )

    assert sums(report) == (6, 0, 0, 6)
    said = {each.line: each.problem for each in report.problems}
    for line, words in {
        2: "nobody here", 3: "could be 1234", 4: "two days", 5: "title is missing", 6: "More was paid",
        7: "names no person",
    }.items():  # fmt: skip
        assert words in said[line]
    assert b"could be 1234" in problems_as_csv(report.problems, rejected=6)


@pytest.mark.usefixtures("zoe")
def test_a_bill_does_not_go_to_a_namesake_with_another_number_or_address() -> None:
    a_person("Zoë's sister", "zoe@school.example", external_id="S-8")
    report = send(
        "number,student id,email,name,title,amount,due\n"
        "R-1,S-99,,Zoë Berg,Ink,5,2026-04-01\n"
        "R-2,,other@school.example,Zoë Berg,Ink,5,2026-04-01\n"
        "R-3,,zoe@school.example,Zoë Berg,Ink,5,2026-04-01\n"  # an address of two: the name decides
    )

    assert sums(report) == (3, 1, 0, 2)
    assert [each.problem.partition(" is ")[0] for each in report.problems] == [
        "“S-99” / “Zoë Berg”", "“other@school.example” / “Zoë Berg”",
    ]  # fmt: skip


@pytest.mark.usefixtures("zoe")
def test_what_was_paid_is_not_guessed() -> None:
    report = send(
        "number,email,title,amount,due,paid,paid on\n"
        "R-1,zoe@school.example,Ink,50,2026-04-01,1,\n"
        "R-2,zoe@school.example,Ink,1,2026-04-01,1,\n"
        "R-3,zoe@school.example,Ink,50,2026-04-01,yes,0206-03-01\n"
    )

    assert sums(report) == (3, 1, 0, 2)
    assert [each.problem.split(".")[0] for each in report.problems] == [
        "“1” could be a yes or an amount", "The year 206 cannot be right",
    ]  # fmt: skip


def test_a_number_that_another_bill_has_is_refused_with_what_differs(sqlite_app: Flask) -> None:
    a_bill(a_person(external_id="S-7"), number="R-1", title="Clay", due_on=date(2026, 4, 1))

    report = send(
        "number,student id,title,amount,due\n"
        "R-1,S-7,Clay,120.50,2026-04-01\n"
        "R-2,S-7,Ink,1,2026-04-01\n"
        "R-2,S-7,Pen,1,2026-04-01\n"
    )

    assert sums(report) == (3, 1, 0, 2)
    assert [each.problem for each in report.problems] == [
        "There is a bill R-1 already, and it differs: the amount is €120.00 here, €120.50 in the file.",
        "There is a bill R-2 already, and it differs: the title is “Ink” here, “Pen” in the file.",
    ]


def test_a_chinese_spreadsheet_is_read_like_any_other(sqlite_app: Flask) -> None:
    a_person("李雷", "li@school.example")
    book, packed = Workbook(), io.BytesIO()
    sheet = book.worksheets[0]
    sheet.append(["账单编号", "姓名", "标题", "金额", "币种", "到期日", "已付"])
    sheet.append(["K-1", "李雷", "油画课", 1200.5, "CNY", datetime(2026, 4, 1), "是"])
    book.save(packed)

    report = take_in(packed.getvalue(), "账单.xlsx", actor="test")

    assert sums(report) == (1, 1, 0, 0)
    assert [(each.amount_minor, each.currency, each.due_on) for each in stored()] == [
        (120_050, "CNY", date(2026, 4, 1))
    ]
    assert [column.meaning for column in report.columns][:3] == ["number", "person", "title"]


@pytest.mark.usefixtures("zoe")
def test_bills_of_a_file_are_reminded_of_only_where_that_is_wanted() -> None:
    send("number,person,title,amount,due\nR-1,S-7,Ink,5,2026-03-13\n", remind=False)
    send("number,person,title,amount,due\nR-2,S-7,Pen,5,2026-03-13\n", remind=True)

    check("2026-03-13 09:00")

    assert [mail.subject for mail in mails()] == ["Due today: Pen (€5.00)"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("person,title,due\nA,B,2026-04-01\n", "amounts"),
        ("title,amount,due\nB,1,2026-04-01\n", "persons"),
    ],
)
def test_a_file_without_what_a_bill_needs_is_refused(sqlite_app: Flask, text: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        send(text)

    assert db.session.scalar(select(func.count()).select_from(Bill)) == 0


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-12-31", date(2026, 12, 31)),
        ("31.12.2026", date(2026, 12, 31)),
        ("2026/12/31", date(2026, 12, 31)),
        ("2026年12月31日", date(2026, 12, 31)),
        ("2026-12-31 00:00", date(2026, 12, 31)),
        ("31/12/2026", date(2026, 12, 31)),
        ("12/31/2026", date(2026, 12, 31)),
        ("12/12/2026", date(2026, 12, 12)),
        ("1.4.2026", date(2026, 4, 1)),
    ],
)
def test_days_are_read_as_people_write_them(text: str, day: date) -> None:
    assert parse_day(text, "due_on") == day


@pytest.mark.parametrize(
    "text", ["03/04/2026", "31.02.2026", "2026-13-01", "13/13/2026", "46112", "soon", "", "1.4.26"]
)
def test_what_is_no_day_or_could_be_two_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_day(text, "due_on")

    assert refusal.value.facts["field"] == "due_on"
