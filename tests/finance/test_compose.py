"""The mail that a person gets about a bill, in their language."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from flask import Flask

from edupulse.finance.case import Case
from edupulse.finance.compose import compose
from edupulse.mail.compose import Mail

CASE = Case(
    reminder_id=1, planned_for=date(2026, 3, 30), days=7, by_hand="", bill_id=4, number="2026-00042",
    title="Painting, spring", note="", amount_minor=12_000, paid_minor=0, currency="EUR",
    due_on=date(2026, 3, 30), state="open", remind=True, name="Zoë Berg", email="zoe@school.example", locale="en",
    active=True,
)  # fmt: skip


def written(on: date, **changes: object) -> Mail:
    return compose(replace(CASE, **changes), on)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("on", "subject", "said"),
    [
        (date(2026, 3, 23), "Due on Mon 30 Mar: Painting, spring (€120.00)", "is due in 7 days:"),
        (date(2026, 3, 29), "Due on Mon 30 Mar: Painting, spring (€120.00)", "is due in 1 day:"),
        (date(2026, 3, 30), "Due today: Painting, spring (€120.00)", "is due today:"),
        (date(2026, 3, 31), "Overdue: Painting, spring (€120.00)", "was due 1 day ago"),
        (date(2026, 4, 9), "Overdue: Painting, spring (€120.00)", "was due 10 days ago"),
    ],
)
def test_a_reminder_says_how_it_stands_on_its_day(
    sqlite_app: Flask, on: date, subject: str, said: str
) -> None:
    mail = written(on)

    assert mail.subject == subject
    for body in (mail.text, mail.html):
        assert said in body
        for word in ("Zoë Berg", "€120.00", "Monday, 30 March 2026", "2026-00042"):
            assert word in body
    assert "Paid so far" not in mail.text


def test_a_reminder_speaks_chinese_with_chinese_readers(sqlite_app: Flask) -> None:
    mail = written(
        date(2026, 4, 2), locale="zh", name="李雷", title="油画课", currency="CNY", paid_minor=2_000
    )

    assert (mail.subject, mail.locale) == ("已逾期：油画课（¥100.00）", "zh")
    for words in (
        "已逾期 3 天",
        "应付金额: ¥100.00",
        "¥20.00（共 ¥120.00）",
        "2026年3月30日星期一",
        "账单编号",
    ):
        assert words in mail.text
    assert "This bill" not in mail.html


def test_the_note_stands_in_the_mail_line_by_line_and_harms_nobody(sqlite_app: Flask) -> None:
    mail = written(
        date(2026, 3, 23), note="IBAN <DE00>\nBring 100 % cotton {{ title }}", title="Ink & <b>paper</b>"
    )

    assert "IBAN <DE00>\nBring 100 % cotton {{ title }}" in mail.text
    assert "IBAN &lt;DE00&gt;<br>Bring 100 % cotton {{ title }}" in mail.html
    assert "Ink &amp; &lt;b&gt;paper&lt;/b&gt;" in mail.html
    assert "<b>paper" not in mail.html


def test_who_has_no_language_reads_that_of_the_organisation(sqlite_app: Flask) -> None:
    assert written(date(2026, 3, 30), locale="").locale == "en"
    assert written(date(2026, 3, 30), locale="fr").locale == "en"


def test_a_name_that_looks_like_a_gap_is_not_filled(sqlite_app: Flask) -> None:
    assert "\ue000number\ue001" in written(date(2026, 3, 30), name="\ue000number\ue001").text
