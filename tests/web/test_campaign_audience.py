"""The people of a campaign: a file is looked into before anything is taken in, and every line is accounted for."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from edupulse import clock
from edupulse.accounts.users import create_user
from edupulse.campaigns.models import Campaign, Intake, Recipient
from edupulse.database import db
from edupulse.web.security import MEGABYTE
from tests.rows import an_event
from tests.web.campaign_rows import a_draft, a_running, with_people
from tests.web.conftest import PASSWORD, Browser, words_of

pytestmark = pytest.mark.usefixtures("now")

TABLE = "邮箱;姓名;班级\nzoe@school.example;Zoë;A1\nZOE@school.example;Zoë again;\nbroken;Ben;B2\n"


def sent(browser: Browser, campaign: Campaign, data: bytes, name: str = "pupils.csv") -> TestResponse:
    return browser.post(f"/campaigns/{campaign.id}/audience/uploads", {"file": (BytesIO(data), name)})


def people() -> list[tuple[str, str, dict[str, str]]]:
    rows = db.session.scalars(select(Recipient).order_by(Recipient.id))
    return [(row.address, row.name, row.fields) for row in rows]


def test_an_empty_list_teaches(operator: Browser, viewer: Browser) -> None:
    campaign = a_draft()

    assert "Bring in a CSV file" in words_of(operator.get(f"/campaigns/{campaign.id}/audience"))
    assert "Look into it" not in words_of(viewer.get(f"/campaigns/{campaign.id}/audience"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_file_is_shown_before_it_is_taken_in(operator: Browser, encoding: str) -> None:
    campaign = a_draft()

    answer = sent(operator, campaign, TABLE.encode(encoding))
    page = words_of(operator.get(answer.location))

    assert answer.status_code == 303
    assert "3 lines = 1 added + 1 merged + 1 rejected" in page
    assert "班级" in page
    assert "{{ 班级 }}" in page
    assert "Line 4" in page
    assert "Take 1 person in" in page
    assert people() == []


def test_what_the_report_showed_is_taken_in(operator: Browser) -> None:
    campaign = a_draft()
    report = sent(operator, campaign, TABLE.encode()).location

    answer = operator.post(report, follow_redirects=True)

    assert "“pupils.csv”: 3 read = 1 added + 1 merged + 1 rejected." in words_of(answer)
    assert people() == [("zoe@school.example", "Zoë", {"班级": "A1"})]
    assert operator.post(report).status_code == 409  # pressed twice


def test_the_columns_are_as_the_person_says(operator: Browser) -> None:
    campaign = a_draft()
    report = sent(operator, campaign, b"email,nick,class\nzoe@school.example,Zo,A1\n").location

    page = operator.get(f"{report}?column-1=address&column-2=name&column-3=")
    hidden = dict(re.findall(r'name="(column-\d)" value="([^"]*)"', page.text))
    operator.post(report, hidden)

    assert people() == [("zoe@school.example", "Zo", {})]


def test_the_rejected_lines_come_as_a_file_before_and_after(operator: Browser) -> None:
    campaign = a_draft()
    report = sent(operator, campaign, TABLE.encode()).location

    before = operator.get(f"{report}/errors")
    operator.post(report)
    intake = db.session.scalars(select(Intake)).one()
    after = operator.get(f"/campaigns/{campaign.id}/audience/intakes/{intake.id}/errors")

    for answer in (before, after):
        assert answer.data.startswith(b"\xef\xbb\xbf")
        assert "broken" in answer.text
        assert "attachment" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [(b"", "is empty"), (b"a,b\n1,2\n", "address"), (b"%PDF-1.7\n" + b"\x00" * 50, "CSV")],
)
def test_a_file_that_cannot_be_used_is_refused_in_plain_words(
    operator: Browser, data: bytes, sentence: str
) -> None:
    answer = sent(operator, a_draft(), data)

    assert answer.status_code == 422
    problem = re.search(r'id="table-error".*?<span>(.*?)</span>', answer.text, flags=re.S)
    assert problem is not None
    assert sentence in problem[1]


def test_no_file_and_a_file_that_is_too_large_are_said(operator: Browser) -> None:
    path = f"/campaigns/{a_draft().id}/audience/uploads"

    nothing = operator.post(path)
    too_large = operator.post(path, environ_overrides={"CONTENT_LENGTH": str(26 * MEGABYTE)})

    assert "Choose a file first." in words_of(nothing)
    assert too_large.status_code == 413
    assert "25 MB" in words_of(too_large)


def test_nobody_else_sees_what_somebody_has_sent(
    operator: Browser, admin: Browser, browser_of: Callable[[str], Browser]
) -> None:
    report = sent(operator, a_draft(), TABLE.encode()).location

    assert admin.get(report).status_code == 409
    assert admin.post(report).status_code == 409
    assert people() == []


def test_after_an_hour_the_file_is_forgotten_and_the_page_says_so(operator: Browser, now: datetime) -> None:
    report = sent(operator, a_draft(), TABLE.encode()).location

    with clock.frozen(now + timedelta(minutes=61)):
        answer = operator.post(report)

    assert answer.status_code == 409
    assert "nothing was taken in" in words_of(answer)


def test_a_file_can_be_left_out(operator: Browser) -> None:
    report = sent(operator, a_draft(), TABLE.encode()).location

    operator.post(f"{report}/deletion")

    assert operator.get(report).status_code == 409


def test_people_are_pasted(operator: Browser) -> None:
    campaign = a_draft()

    answer = operator.post(
        f"/campaigns/{campaign.id}/audience/lines",
        {"people": "Ann <ann@school.example>\r\nbroken\r\n"},
        follow_redirects=True,
    )

    assert "2 read = 1 added + 0 merged + 1 rejected." in words_of(answer)
    assert people() == [("ann@school.example", "Ann", {})]


def test_people_come_from_an_event_and_from_those_who_sign_in(operator: Browser) -> None:
    campaign, event = a_draft(), an_event("Oil painting")
    create_user("kim@school.example", "Kim", "viewer", PASSWORD)
    path = f"/campaigns/{campaign.id}/audience"

    page = words_of(operator.get(path))
    assert "Oil painting" in page
    assert f'value="{campaign.id}">Autumn exhibition' not in operator.get(path).text
    operator.post(f"{path}/sources/event", {"value": str(event.id)})
    unknown = operator.post(f"{path}/sources/planets", {"value": "7"})

    assert people() == [("zoe@school.example", "Zoë", people()[0][2])]
    assert unknown.status_code == 404


def test_the_list_is_searched_and_people_are_taken_out(operator: Browser) -> None:
    campaign = with_people(a_draft(), 3)
    path = f"/campaigns/{campaign.id}/audience"
    first = db.session.scalars(select(Recipient.id).order_by(Recipient.id)).first()

    found = words_of(operator.get(f"{path}?q=person+001"))
    operator.post(f"{path}/removals", {"recipient": str(first)})
    nobody = operator.post(f"{path}/removals")

    assert "p1@school.example" in found
    assert "p2@school.example" not in found
    assert [address for address, _, _ in people()] == ["p1@school.example", "p2@school.example"]
    assert nobody.status_code == 422


def test_a_whole_file_is_taken_out_again(operator: Browser) -> None:
    campaign = with_people(a_draft(), 3)
    intake = db.session.scalars(select(Intake)).one()

    answer = operator.post(
        f"/campaigns/{campaign.id}/audience/intakes/{intake.id}/deletion", follow_redirects=True
    )

    assert "3 people taken out." in words_of(answer)
    assert people() == []


def test_errors_of_another_campaign_are_not_shown_under_this_one(operator: Browser) -> None:
    with_people(a_draft("One"))
    other = a_draft("Two")
    intake = db.session.scalars(select(Intake)).one()

    answer = operator.get(f"/campaigns/{other.id}/audience/intakes/{intake.id}/errors")

    assert answer.status_code == 404


def test_once_it_has_started_the_list_is_only_looked_at(operator: Browser) -> None:
    campaign = a_running({"queued": 2})
    path = f"/campaigns/{campaign.id}/audience"

    page = words_of(operator.get(path))
    answer = operator.post(f"{path}/lines", {"people": "ann@school.example"})

    assert "It has started, so the list stays as it is." in page
    assert "Look into it" not in page
    assert answer.status_code == 409
    assert len(people()) == 2
