"""Bills are found by what is known of them, and their sums are those of what was found."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask

from edupulse.errors import Invalid
from edupulse.finance import bills, payments
from edupulse.finance.listing import BillFilter, Total, counts, totals
from edupulse.finance.listing import bills as listed
from tests.finance.scenes import a_bill, a_person, check

pytestmark = pytest.mark.usefixtures("now")


def found(**words: str) -> list[str]:
    return [bill.number for bill in listed(BillFilter.of(words)).items]


@pytest.fixture
def school(sqlite_app: Flask) -> None:
    zoe = a_person(external_id="S-7")
    lei = a_person("李雷", "li@school.example")
    a_bill(zoe, number="A", title="Painting", due_on=date(2026, 3, 12))
    paid = a_bill(lei, number="B", title="Ink 100%", due_on=date(2026, 4, 1))
    payments.pay(paid.id, 12_000, actor="test")
    part = a_bill(lei, number="C", title="Paper", currency="CNY", amount_minor=500)
    payments.pay(part.id, 200, actor="test")
    bills.void(a_bill(zoe, number="D").id, "a mistake", actor="test")
    check("2026-03-13 00:00")


@pytest.mark.usefixtures("school")
@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ({}, ["D", "C", "B", "A"]),
        ({"state": "overdue"}, ["A"]),
        ({"state": "unpaid"}, ["C", "A"]),
        ({"state": "paid"}, ["B"]),
        ({"search": "ZOE@"}, ["D", "A"]),
        ({"search": "s-7 paint"}, ["D", "A"]),
        ({"search": "李"}, ["C", "B"]),
        ({"search": "100%"}, ["B"]),
        ({"search": "_"}, []),
        ({"search": "\0"}, ["D", "C", "B", "A"]),
        ({"currency": "cny"}, ["C"]),
        ({"due_from": "2026-03-30", "due_until": "2026-04-01"}, ["D", "C", "B"]),
        ({"due_until": "2026-03-12"}, ["A"]),
        ({"page": "ignored"}, ["D", "C", "B", "A"]),
    ],
)
def test_bills_are_found_by_what_is_known_of_them(words: dict[str, str], numbers: list[str]) -> None:
    assert found(**words) == numbers


@pytest.mark.usefixtures("school")
def test_bills_of_one_person_are_found_and_none_of_nobody() -> None:
    zoe = listed(BillFilter(search="zoe")).items[0].person_id

    assert found(person=str(zoe)) == ["D", "A"]
    assert found(person="4711") == []


@pytest.mark.usefixtures("school")
def test_the_sums_are_by_currency_and_leave_void_bills_out() -> None:
    assert totals(BillFilter()) == [
        Total("CNY", count=1, billed_minor=500, paid_minor=200, open_minor=300, overdue_minor=0),
        Total(
            "EUR", count=3, billed_minor=24_000, paid_minor=12_000, open_minor=12_000, overdue_minor=12_000
        ),
    ]
    assert totals(BillFilter(search="nobody")) == []


@pytest.mark.usefixtures("school")
def test_tabs_know_how_many_there_are() -> None:
    assert counts(BillFilter()) == {
        "": 4, "unpaid": 2, "open": 0, "partly_paid": 1, "overdue": 1, "paid": 1, "void": 1,
    }  # fmt: skip


@pytest.mark.usefixtures("school")
def test_the_next_page_goes_on_where_the_first_ended() -> None:
    first = listed(BillFilter(), size=3)

    rest = listed(BillFilter(), first.next or "", size=3)

    assert [bill.number for bill in [*first.items, *rest.items]] == ["D", "C", "B", "A"]
    assert rest.next is None


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"state": "lost"}, "state"),
        ({"person": "Zoë"}, "person"),
        ({"person": "9" * 12}, "person"),
        ({"due_from": "1.4.2026"}, "due_from"),
        ({"currency": "gold"}, "currency"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(words: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        BillFilter.of(words)

    assert refusal.value.facts["field"] == field
