"""The page behind the link in a newsletter: looking changes nothing, a press acts at once, another takes it back."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from edupulse import clock
from edupulse.accounts.audit import entries_of
from edupulse.database import db
from edupulse.mail import suppressions, unsubscribe
from edupulse.mail.mailing import Mailing
from edupulse.mail.models import Delivery, Suppression
from edupulse.mail.senders import sender_id
from edupulse.transaction import transaction
from tests.rows import a_delivery
from tests.web.conftest import Browser, words_of

pytestmark = pytest.mark.usefixtures("now", "site")


def a_newsletter(**values: Any) -> Delivery:
    """Store a mail of the newsletter “Autumn news” to Zoë."""
    with transaction() as session:
        mailing = Mailing(sender_id=sender_id(), title="Autumn news", created_at=clock.now())
        session.add(mailing)
        session.flush()
    return a_delivery(kind="newsletter", mailing_id=mailing.id, **values)


def path_to(delivery: Delivery) -> str:
    return "/unsubscribe/" + unsubscribe.link(delivery.id, delivery.address).rpartition("/")[2]


def stopped() -> list[tuple[str, str, str]]:
    rows = db.session.scalars(select(Suppression))
    return [(row.address, row.scope, row.source) for row in rows]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_changes_nothing_however_often_a_scanner_looks(visitor: Browser, method: str) -> None:
    path = path_to(a_newsletter())

    answers = [visitor.open(path, method).status_code for _ in range(3)]

    assert answers == [200] * 3
    assert stopped() == []


def test_the_page_says_who_and_which_list_and_has_a_button_but_nothing_else_of_ours(visitor: Browser) -> None:
    answer = visitor.get(path_to(a_newsletter()))

    page = words_of(answer)
    assert "zoe@school.example" in page
    assert "Autumn news" in page
    assert "Unsubscribe" in page
    assert "Dashboard" not in page
    assert "Sign" not in page


def test_the_button_stops_newsletters_at_once_and_nothing_but_newsletters(visitor: Browser) -> None:
    delivery = a_newsletter()

    answer = visitor.post_without_token(path_to(delivery))

    assert answer.status_code == 200
    assert "Done: no more newsletters" in words_of(answer)
    assert stopped() == [("zoe@school.example", "newsletter", f"unsubscribe:{delivery.id}")]
    assert "Done" in words_of(visitor.get(path_to(delivery)))


def test_one_click_of_a_mail_program_needs_no_cookie_no_token_and_no_redirect(site: Flask) -> None:
    program = site.test_client(use_cookies=False)

    answer = program.post(path_to(a_newsletter()), data={"List-Unsubscribe": "One-Click"})

    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert len(stopped()) == 1


@pytest.mark.parametrize(
    ("body", "by"),
    [({"List-Unsubscribe": "One-Click"}, "one-click"), ({}, "page"), ({"List-Unsubscribe": "x"}, "page")],
)
def test_it_is_recorded_whether_a_program_or_a_person_pressed(
    visitor: Browser, body: dict[str, str], by: str
) -> None:
    visitor.post_without_token(path_to(a_newsletter()), body)

    (entry,) = entries_of("address:zoe@school.example")
    assert (entry.actor, entry.action, entry.detail["by"]) == ("recipient", "suppression.add", by)


def test_one_click_may_come_as_a_form_with_parts(visitor: Browser) -> None:
    answer = visitor.client.post(
        path_to(a_newsletter()), data={"List-Unsubscribe": "One-Click"}, content_type="multipart/form-data"
    )

    assert answer.status_code == 200
    assert len(stopped()) == 1


def test_pressed_twice_it_is_done_once(visitor: Browser) -> None:
    path = path_to(a_newsletter())

    answers = [visitor.post_without_token(path).status_code for _ in range(2)]

    assert answers == [200, 200]
    assert len(stopped()) == 1


def test_it_can_be_taken_back(visitor: Browser) -> None:
    path = path_to(a_newsletter())
    visitor.post_without_token(path)

    answer = visitor.post_without_token(f"{path}/restoration")

    assert "Welcome back" in words_of(answer)
    assert stopped() == []


def test_taking_back_does_not_lift_what_somebody_else_has_stopped(visitor: Browser) -> None:
    delivery = a_newsletter()
    suppressions.add(
        delivery.address, reason="Asked by phone.", scope="newsletter", actor="ada@school.example"
    )

    answer = visitor.post_without_token(f"{path_to(delivery)}/restoration")

    assert "Newsletters stay off" in words_of(answer)
    assert len(stopped()) == 1


@pytest.mark.parametrize("broken", ["", "x", "1.", "1.AAAAAAAAAAAAAAAAAAAAAA", "test", "0", "999999.x"])
def test_a_link_that_is_not_ours_opens_nothing_and_says_what_to_do(visitor: Browser, broken: str) -> None:
    path_to(a_newsletter())

    looked, pressed = (call(f"/unsubscribe/{broken}") for call in (visitor.get, visitor.post_without_token))

    assert (looked.status_code, pressed.status_code) == (404, 404)
    assert stopped() == []
    if broken:
        assert "This link does not work" in words_of(looked)
        assert "此链接无效" in words_of(looked)


def test_the_link_of_one_person_does_not_take_another_off(visitor: Browser) -> None:
    mine, other = a_newsletter(), a_newsletter(address="li@school.example")
    mac = path_to(mine).rpartition(".")[2]

    answer = visitor.post_without_token(f"/unsubscribe/{other.id}.{mac}")

    assert answer.status_code == 404
    assert stopped() == []


def test_chinese_readers_read_chinese(visitor: Browser) -> None:
    answer = visitor.get(path_to(a_newsletter(locale="zh")))

    assert '<html lang="zh">' in answer.text
    assert "退订" in words_of(answer)
    assert "Unsubscribe" not in words_of(answer)


def test_no_other_site_learns_the_link_and_no_machine_keeps_the_page(visitor: Browser) -> None:
    headers = visitor.get(path_to(a_newsletter())).headers

    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Robots-Tag"] == "noindex"
    assert headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in headers
