"""People on their pages: found, entered, changed, sent off, removed, taken in from a list, in both languages."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from werkzeug.test import TestResponse

from edupulse.clock import now
from edupulse.finance.models import Bill
from edupulse.people import listing, rows
from edupulse.people.models import Person
from edupulse.transaction import transaction
from tests.web.conftest import Browser, words_of

pytestmark = pytest.mark.usefixtures("now")

ZOE = {"name": "Zoë Berg", "email": "zoe@school.example", "external_id": "S-1"}
LIST = "number;name;email;size\nS-1;Zoë Huber;zoe@school.example;38\nS-2;Ben;nobody;40\nS-3;李伟;;39\n"
IN_CHINESE = {"Accept-Language": "zh-CN"}


def zoe(**values: str | bool) -> Person:
    return rows.add({**ZOE, **values}, actor="ada@school.example")


def names() -> list[str]:
    return sorted(each.name for each in listing.people().items)


def test_an_empty_list_teaches_how_people_come_here(viewer: Browser, operator: Browser) -> None:
    assert "Nobody is entered yet" in words_of(viewer.get("/people"))
    assert "Import a list" not in words_of(viewer.get("/people"))
    assert "Import a list" in words_of(operator.get("/people"))


def test_people_are_found_by_a_part_of_what_is_known(viewer: Browser) -> None:
    zoe()
    rows.add({"name": "Ben Okoro", "active": False}, actor="ada@school.example")

    assert "Ben Okoro" not in words_of(viewer.get("/people?q=s-1"))
    assert "Zoë Berg" not in words_of(viewer.get("/people?state=left"))
    assert "Nobody fits" in words_of(viewer.get("/people?q=nobody"))


def test_a_person_is_entered_and_shown_with_what_belongs_to_them(operator: Browser) -> None:
    answer = operator.post("/people", {**ZOE, "locale": "zh", "note": "Paints."}, follow_redirects=True)

    page = words_of(answer)
    assert "Zoë Berg is entered." in page
    assert "S-1" in page
    assert "Chinese" in page
    assert "Paints." in page
    assert 'href="/people/zoe@school.example"' in answer.text


def test_what_cannot_be_used_is_said_and_what_was_typed_stays(operator: Browser) -> None:
    answer = operator.post(
        "/people", {"name": " ", "email": "zoe@@x", "phone": "ring me", "note": "Keep this."}
    )

    assert answer.status_code == 422
    page = words_of(answer)
    assert "The name is missing." in page
    assert "not a usable e-mail address" in page
    assert "no telephone number" in page
    assert "Keep this." in page
    assert names() == []


def test_who_is_here_already_is_linked(operator: Browser) -> None:
    known = zoe()

    answer = operator.post("/people", ZOE)

    assert answer.status_code == 422
    assert "S-1 is Zoë Berg's already" in words_of(answer)
    assert f'href="/people/{known.id}"' in answer.text


def test_a_change_is_stored_and_on_record(operator: Browser) -> None:
    person = zoe()

    page = words_of(
        operator.post(
            f"/people/{person.id}", {**ZOE, "name": "Zoë Huber", "revision": "0"}, follow_redirects=True
        )
    )

    assert "It is saved." in page
    assert "Name: Zoë Berg → Zoë Huber" in page


def test_who_was_overtaken_keeps_what_they_typed(operator: Browser) -> None:
    person = zoe()
    rows.change(person.id, {"phone": "030 55"}, actor="ben@school.example")

    answer = operator.post(f"/people/{person.id}", {**ZOE, "name": "Zoë Huber", "revision": "0"})

    assert answer.status_code == 422
    page = words_of(answer)
    assert "ben@school.example changed phone" in page
    assert 'value="Zoë Huber"' in answer.text
    assert names() == ["Zoë Berg"]


def test_somebody_leaves_and_comes_back(operator: Browser) -> None:
    person = zoe()

    left = words_of(operator.post(f"/people/{person.id}/departure", follow_redirects=True))
    back = words_of(operator.post(f"/people/{person.id}/return", follow_redirects=True))

    assert "Zoë Berg has left, and is not written to any more." in left
    assert "Zoë Berg is here again." in back


def test_who_was_entered_by_mistake_is_removed(operator: Browser) -> None:
    person = zoe()

    page = words_of(operator.post(f"/people/{person.id}/deletion", {"revision": "0"}, follow_redirects=True))

    assert "Zoë Berg is removed." in page
    assert names() == []


def test_who_has_a_bill_cannot_be_removed_and_the_page_says_why(operator: Browser) -> None:
    person, day = zoe(), date(2026, 4, 1)
    with transaction() as session:
        session.add(
            Bill(
                number="1", person_id=person.id, title="Term", amount_minor=100, currency="EUR", issued_on=day,
                due_on=day, created_at=now(), updated_at=now(),
            )
        )  # fmt: skip

    answer = operator.post(f"/people/{person.id}/deletion")

    assert answer.status_code == 409
    assert "records of them: 1 × bill" in words_of(answer)


def test_a_viewer_looks_and_changes_nothing(viewer: Browser) -> None:
    person = zoe()

    assert "Remove" not in words_of(viewer.get(f"/people/{person.id}"))
    for path in ("/people/new", f"/people/{person.id}/edit", "/people/import"):
        assert viewer.get(path).status_code == 403
    assert viewer.post(f"/people/{person.id}/deletion").status_code == 403


def test_the_story_of_an_address_is_where_it_was(viewer: Browser) -> None:
    page = words_of(viewer.get("/people/zoe@school.example"))

    assert "What they got, and what they did not" in page


def test_a_list_is_looked_into_before_anything_is_taken_in(operator: Browser) -> None:
    zoe()

    page = words_of(_look(operator))

    assert "3 lines: 1 new, 1 changed, 0 as before, 1 that cannot be used" in page
    assert "Line 3: email: “nobody” is not a usable e-mail address" in page
    assert "size left out" in page
    assert "Changed: Name" in page
    assert names() == ["Zoë Berg"]


def test_a_list_that_was_looked_into_is_taken_in_at_a_word(operator: Browser) -> None:
    zoe()
    path = _look(operator).request.path

    page = words_of(operator.post(path, follow_redirects=True))

    assert "1 added, 1 changed, 0 as before. 1 line was left out." in page
    assert names() == ["Zoë Huber", "李伟"]
    assert operator.post(path).status_code == 409


def test_the_lines_that_cannot_be_used_are_a_file(operator: Browser) -> None:
    path = _look(operator).request.path

    answer = operator.get(f"{path}/problems")

    assert "attachment" in answer.headers["Content-Disposition"]
    assert "S-2;Ben;nobody;40" in answer.text
    assert "Zoë" not in answer.text


def test_a_list_can_be_left_out_again(operator: Browser) -> None:
    path = _look(operator).request.path

    page = words_of(operator.post(f"{path}/deletion", follow_redirects=True))

    assert "Nothing was taken in." in page
    assert names() == []
    assert operator.get(path).status_code == 409


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "Choose a file first."),
        ({"file": (io.BytesIO(b"%PDF-1.7"), "people.pdf")}, "This file is a PDF"),
        ({"file": (io.BytesIO(b"colour\nred\n"), "a.csv")}, "No column with names was found"),
    ],
)
def test_what_is_no_list_of_people_is_refused(operator: Browser, data: dict[str, Any], sentence: str) -> None:
    answer = operator.post("/people/import", data, content_type="multipart/form-data")

    assert answer.status_code == 422
    assert sentence in words_of(answer)


def test_the_pages_speak_chinese_to_who_reads_it(operator: Browser) -> None:
    person = zoe()

    shown = {
        path: words_of(operator.get(path, headers=IN_CHINESE))
        for path in ("/people", f"/people/{person.id}", "/people/new", "/people/import")
    }
    refused = operator.post("/people", {**ZOE, "phone": "ring me"}, headers=IN_CHINESE)

    assert "新增人员" in shown["/people"]
    assert "已知资料" in shown[f"/people/{person.id}"]
    assert "邮件语言" in shown["/people/new"]
    assert "首行可用的列名" in shown["/people/import"]
    assert "这不是电话号码" in words_of(refused)
    data = {"file": (io.BytesIO(b"%PDF-1.7"), "people.pdf")}
    no_list = operator.post("/people/import", data, content_type="multipart/form-data", headers=IN_CHINESE)
    assert "无法将此文件读取为表格" in words_of(no_list)


def _look(browser: Browser) -> TestResponse:
    data = {"file": (io.BytesIO(LIST.encode()), "school.csv")}
    return browser.post("/people/import", data, content_type="multipart/form-data", follow_redirects=True)
