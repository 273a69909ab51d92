"""What the domain refuses is said in the reader's language, with what it names; what is not known stands as it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask
from flask_babel import force_locale

from edupulse.errors import Conflict, EduPulseError, Invalid
from edupulse.finance import bills, payments, sending
from edupulse.finance.dates import parse_day
from edupulse.finance.fields import NewBill
from edupulse.finance.listing import BillFilter
from edupulse.finance.money import check_currency, parse_amount
from edupulse.web.bill_refusals import SENTENCES, in_words, sentence, spoken
from tests.web.bill_rows import a_bill, a_person

pytestmark = pytest.mark.usefixtures("now")

WAYS: dict[str, Callable[[], object]] = {
    "nothing": lambda: parse_amount("0", "EUR"),
    "too much": lambda: parse_amount("9" * 14, "EUR"),
    "another sign": lambda: parse_amount("$12", "EUR"),
    "decimals": lambda: parse_amount("12,5555", "EUR"),
    "no decimals": lambda: parse_amount("12.5", "JPY"),
    "two amounts": lambda: parse_amount("1.234", "EUR"),
    "no amount": lambda: parse_amount("much", "EUR"),
    "no currency": lambda: check_currency("XYZW"),
    "no date": lambda: BillFilter.of({"due_from": "soon"}),
    "no state": lambda: BillFilter.of({"state": "lost"}),
    "no person": lambda: BillFilter.of({"person": "x"}),
    "two days": lambda: parse_day("03/04/2026", "due_on"),
    "no day": lambda: parse_day("soon", "due_on"),
    "no title": lambda: bills.change(1, {"title": ""}, actor="test"),
    "long": lambda: bills.change(1, {"note": "x" * 9999}, actor="test"),
    "control": lambda: bills.change(1, {"note": "\x07"}, actor="test"),
    "year": lambda: bills.change(1, {"due_on": date(2999, 1, 1)}, actor="test"),
    "due before issued": lambda: bills.change(1, {"due_on": date(2020, 1, 1)}, actor="test"),
    "unknown": lambda: bills.change(1, {"person_id": 99}, actor="test"),
    "number": lambda: bills.add(NewBill(1, "Piano", 1, date(2026, 4, 1), number="2026-00001"), actor="test"),
    "not void": lambda: bills.unvoid(1, actor="test"),
    "no reason": lambda: bills.void(1, "", actor="test"),
    "overtaken": lambda: bills.void(1, "twice", actor="test", revision=7),
    "more than open": lambda: payments.pay(1, 8600, actor="test"),
    "more than paid": lambda: payments.refund(1, 100, actor="test"),
    "to come": lambda: payments.pay(1, 1, actor="test", received_on=date(2027, 1, 1)),
    "no way": lambda: payments.pay(1, 1, actor="test", method="shells"),
    "no address": lambda: sending.remind_now(2, actor="test"),
}


@pytest.fixture
def refusals(sqlite_app: Flask) -> dict[str, EduPulseError]:
    """What the domain says to each of WAYS."""
    a_bill()
    a_bill(a_person("Ben", ""))
    return {name: refused(way) for name, way in WAYS.items()}


def refused(way: Callable[[], object]) -> EduPulseError:
    with pytest.raises((Invalid, Conflict)) as caught:
        way()
    return caught.value


def test_each_refusal_of_the_domain_has_its_chinese_words(
    sqlite_app: Flask, refusals: dict[str, EduPulseError]
) -> None:
    with sqlite_app.test_request_context(), force_locale("zh"):
        english = [name for name, error in refusals.items() if not is_chinese(sentence(error))]

    assert english == []


def test_to_who_reads_english_the_domain_speaks_itself(
    sqlite_app: Flask, refusals: dict[str, EduPulseError]
) -> None:
    with sqlite_app.test_request_context(), force_locale("en"):
        changed = [name for name, error in refusals.items() if spoken(str(error)) != str(error)]

    assert changed == []


def test_what_is_named_stays_named(sqlite_app: Flask) -> None:
    error = Invalid("“<b>” is no amount.", cure="Write it like 12.50 or 1,234.50.", field="amount")

    with sqlite_app.test_request_context(), force_locale("zh"):
        assert in_words(error) == {"amount": "“<b>”不是金额。请写成 12.50 或 1,234.50 这样。"}


def test_a_sentence_that_nobody_translated_stands_as_it_is(sqlite_app: Flask) -> None:
    with sqlite_app.test_request_context(), force_locale("zh"):
        assert spoken("100 % new.") == "100 % new."


def test_no_sentence_is_hidden_behind_an_earlier_one(sqlite_app: Flask) -> None:
    with sqlite_app.test_request_context(), force_locale("zh"):
        said = [spoken(template) for template in SENTENCES]

    assert [each for each in said if not is_chinese(each)] == []


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)
