"""A file of bills through the pages: looked into, taken in, left; and what cannot be used, as a file."""

from __future__ import annotations

from io import BytesIO

import pytest

from edupulse.database import db
from edupulse.finance.models import Bill
from tests.web.bill_rows import a_person
from tests.web.conftest import Browser, words_of

pytestmark = pytest.mark.usefixtures("now")

FILE = """person;what for;amount;due
zoe@school.example;Piano;85,00;31.03.2026
nobody@school.example;Piano;85,00;31.03.2026
zoe@school.example;Clay;1.234;31.03.2026
"""


def send(browser: Browser, text: str = FILE) -> str:
    answer = browser.post("/bills/import", {"file": (BytesIO(text.encode()), "march.csv")})
    assert answer.status_code == 303, words_of(answer)
    return answer.location


def count() -> int:
    return db.session.query(Bill).count()


def test_a_file_is_looked_into_before_anything_is_entered(operator: Browser) -> None:
    a_person()

    page = words_of(operator.get(send(operator)))

    assert "3 lines = 1 new + 0 known already + 2 rejected" in page
    assert "what for What for" in page
    assert "Line 3 “nobody@school.example” is nobody here" in page
    assert "“1.234” could be 1234 or 1 and a little." in page
    assert count() == 0


def test_at_a_word_it_is_entered_with_or_without_reminders(operator: Browser) -> None:
    a_person()
    place = send(operator)

    answer = operator.post(place, {}, follow_redirects=True)

    assert "1 bill is entered. 2 lines were rejected." in words_of(answer)
    bill = db.session.query(Bill).one()
    assert (bill.title, bill.amount_minor, bill.remind) == ("Piano", 8500, False)
    assert operator.get(place).status_code == 409


def test_the_rejected_lines_come_as_a_file(operator: Browser) -> None:
    a_person()

    answer = operator.get(f"{send(operator)}/errors")

    assert answer.mimetype == "text/csv"
    assert answer.text.count("\n") == 3


def test_a_file_that_is_left_out_enters_nothing(operator: Browser) -> None:
    place = send(operator)

    answer = operator.post(f"{place}/deletion", {}, follow_redirects=True)

    assert "Nothing was entered." in words_of(answer)
    assert (operator.get(place).status_code, count()) == (409, 0)


def test_what_is_no_file_of_bills_is_refused_in_plain_words(operator: Browser) -> None:
    nothing = operator.post("/bills/import", {})
    columns = operator.post("/bills/import", {"file": (BytesIO(b"a;b\n1;2\n"), "x.csv")})

    assert "Choose a file first." in words_of(nothing)
    assert "No column with" in words_of(columns)
    assert (nothing.status_code, columns.status_code) == (422, 422)
