"""A file of people is taken in: who is new is added, who is known is brought up to date, the same file does nothing."""

from __future__ import annotations

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from flask import Flask
from openpyxl import Workbook
from sqlalchemy import select

from edupulse.accounts.audit import AuditFilter, entries
from edupulse.database import db
from edupulse.errors import Invalid
from edupulse.people import rows
from edupulse.people.intake import IntakeReport, problems_as_csv, take_in
from edupulse.people.models import Person

SCHOOL = """Number;Name;E-mail;Telephone;Language;Shoe size;Remarks
S-1;Zoë Berg;zoe@school.example;+49 30 1234;English;38;paints
S-2;李伟;li@school.example;;中文;40;
;Ben Okoro;ben@school.example;;;41;
"""


def test_a_file_fills_the_columns_that_its_headings_name(app: Flask, now: datetime) -> None:
    report = _take(SCHOOL)

    assert _figures(report) == (3, 3, 0, 0, 0)
    assert [(each.heading, each.meaning) for each in report.columns] == [
        ("Number", "external_id"), ("Name", "name"), ("E-mail", "email"), ("Telephone", "phone"),
        ("Language", "locale"), ("Shoe size", ""), ("Remarks", "note"),
    ]  # fmt: skip
    assert report.recognised == "CSV, UTF-8, semicolon"
    zoe, li, ben = _everybody()
    assert (zoe.external_id, zoe.email, zoe.locale, zoe.note) == ("S-1", "zoe@school.example", "en", "paints")
    assert (li.name, li.locale, li.active) == ("李伟", "zh", True)
    assert (ben.external_id, ben.comparable) == (None, "ben@school.example")


def test_the_same_file_again_changes_nothing(app: Flask, now: datetime) -> None:
    _take(SCHOOL)
    before = [(each.id, each.revision) for each in _everybody()]

    report = _take(SCHOOL)

    assert _figures(report) == (3, 0, 0, 3, 0)
    assert [(each.id, each.revision) for each in _everybody()] == before


def test_a_dry_run_says_the_same_numbers_and_writes_nothing(app: Flask, now: datetime) -> None:
    text = SCHOOL + "S-3;;nobody@school.example;;;;\n"

    report = take_in(text.encode(), "school.csv", actor="ada", dry_run=True)

    assert _everybody() == []
    assert _figures(report) == _figures(_take(text)) == (4, 3, 0, 0, 1)


def test_somebody_is_told_by_their_number_and_brought_up_to_date(app: Flask, now: datetime) -> None:
    _take(SCHOOL)

    report = _take("number,name,email\nS-1,Zoë Huber,huber@school.example\n")

    assert _figures(report) == (1, 0, 1, 0, 0)
    assert report.first[0].differs == ("name", "email")
    zoe = _everybody()[0]
    assert (zoe.name, zoe.comparable, zoe.phone, zoe.revision) == (
        "Zoë Huber", "huber@school.example", "+49 30 1234", 1,
    )  # fmt: skip


def test_who_has_no_number_yet_gets_the_one_of_the_file(sqlite_app: Flask, now: datetime) -> None:
    rows.add({"name": "Zoë Berg", "email": "Zoe@school.example"}, actor="ada")

    report = _take(SCHOOL)

    assert _figures(report) == (3, 2, 1, 0, 0)
    assert _everybody()[0].external_id == "S-1"


def test_two_with_one_address_and_two_names_are_two_people(sqlite_app: Flask, now: datetime) -> None:
    report = _take("姓名,邮箱,电话\n李伟,li@school.example,\n李娜,li@school.example,139 0000\n")

    assert _figures(report) == (2, 2, 0, 0, 0)


def test_a_line_that_contradicts_an_earlier_one_is_not_taken_in(sqlite_app: Flask, now: datetime) -> None:
    text = "name,email,phone\nZoë,z@s.example,1\nZoë,z@s.example,2\nZoë,Z@s.example,1\n"

    report = _take(text)

    assert _figures(report) == (3, 1, 0, 1, 1)
    assert report.problems[0].line == 3
    assert "Line 2 says otherwise of the same person (phone)" in report.problems[0].problem
    assert _figures(_take(text)) == (3, 0, 0, 2, 1)


def test_a_name_that_several_have_needs_more_to_tell_them_by(sqlite_app: Flask, now: datetime) -> None:
    rows.add({"name": "Li Wei", "email": "a@s.example"}, actor="ada")
    rows.add({"name": "Li Wei", "email": "b@s.example"}, actor="ada")

    report = _take("name,phone\nLi Wei,123\n")

    assert _figures(report) == (1, 0, 0, 0, 1)
    assert "Several people have this name" in report.problems[0].problem


def test_a_change_that_makes_two_people_look_like_one_is_not_taken_in(
    sqlite_app: Flask, now: datetime
) -> None:
    rows.add({"name": "Zoë", "email": "z@s.example"}, actor="ada")
    rows.add({"name": "Zoe", "email": "z@s.example", "external_id": "7"}, actor="ada")

    report = _take("number,name\n7,Zoë\n")

    assert "is here already, without a number" in report.problems[0].problem


def test_each_line_that_cannot_be_used_says_why_and_stops_no_other(sqlite_app: Flask, now: datetime) -> None:
    report = _take(
        "name,email,language,phone\n"
        ",a@s.example,,\nBen,nobody,,\nCleo,c@s.example,Klingon,\nDora,d@s.example,,ring me\nEve,e@s.example,zh-CN,12\n"
    )

    assert _figures(report) == (5, 1, 0, 0, 4)
    assert [(each.line, each.cause) for each in report.problems] == [
        (2, "name"), (3, "email"), (4, "locale"), (5, "phone"),
    ]  # fmt: skip
    assert _everybody()[0].name == "Eve"


def test_first_and_last_names_are_put_together_as_their_language_does(
    sqlite_app: Flask, now: datetime
) -> None:
    _take("First name,Surname,email\nZoë,Berg,z@s.example\n伟,李,li@s.example\nMadonna,,m@s.example\n")

    assert [each.name for each in _everybody()] == ["Zoë Berg", "李伟", "Madonna"]


def test_a_spreadsheet_is_read_as_a_text_file_is(sqlite_app: Flask, now: datetime) -> None:
    book, file = Workbook(), io.BytesIO()
    for row in (("学号", "姓名", "邮箱"), (20260001, "李伟", "li@school.example")):
        book.worksheets[0].append(row)
    book.save(file)

    report = take_in(file.getvalue(), "school.xlsx", actor="ada")

    assert (report.added, report.recognised) == (1, "XLSX")
    assert _everybody()[0].external_id == "20260001"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "empty"),
        (b"%PDF-1.7", "a PDF"),
        (b"colour,size\nred,3\n", "No column with names"),
        (b"zoe@school.example,Berg\n", "No column with names"),
    ],
)
def test_what_is_no_table_of_people_is_refused_in_plain_words(
    sqlite_app: Flask, now: datetime, data: bytes, sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence):
        take_in(data, "school.csv", actor="ada")


def test_rejected_lines_make_a_file_that_computes_nothing(sqlite_app: Flask, now: datetime) -> None:
    report = _take('name,email\n"=cmd()",nobody\n')

    table = list(csv.reader(io.StringIO(problems_as_csv(report.problems, rejected=3).decode("utf-8-sig"))))

    assert table[0] == ["Line", "Problem", "Text"]
    assert table[1][2].startswith('"=cmd') or table[1][2].startswith("'=cmd")
    assert table[2] == ["", "2 more lines were rejected.", ""]


def test_an_intake_and_each_change_by_it_are_on_record(sqlite_app: Flask, now: datetime) -> None:
    _take(SCHOOL)
    _take("number,name\nS-1,Zoë Huber\n")

    acts = [(each.action, each.subject) for each in entries(AuditFilter(actor="ada")).items]

    zoe = _everybody()[0].id
    assert acts == [
        ("people.import", "file:school.csv"), ("person.change", f"person:{zoe}"), ("people.import", "file:school.csv"),
    ]  # fmt: skip


def test_two_who_take_in_the_same_list_at_once_add_each_person_once(app: Flask, now: datetime) -> None:
    together = Barrier(2)

    def take() -> tuple[int, ...]:
        with app.app_context():
            together.wait(10)
            return _figures(_take(SCHOOL))

    with ThreadPoolExecutor(2) as pool:
        reports = sorted(each.result() for each in [pool.submit(take) for _ in range(2)])

    assert reports == [(3, 0, 0, 3, 0), (3, 3, 0, 0, 0)]
    assert len(_everybody()) == 3


def _take(text: str) -> IntakeReport:
    return take_in(text.encode(), "school.csv", actor="ada")


def _figures(report: IntakeReport) -> tuple[int, int, int, int, int]:
    return report.read, report.added, report.changed, report.same, report.rejected


def _everybody() -> list[Person]:
    db.session.expire_all()
    return list(db.session.scalars(select(Person).order_by(Person.id)))
