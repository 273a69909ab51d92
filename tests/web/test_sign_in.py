"""Signing in and out: one form, no hints for guessers, a fresh session, nothing typed is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape

import pytest
from flask import Flask

from edupulse import clock
from edupulse.accounts.throttle import TRIES_OF_A_PAIR
from edupulse.accounts.users import create_user, set_active, set_password
from tests.web.conftest import PASSWORD, Browser, words_of

ADA = "ada@school.example"


@pytest.fixture
def ada(site: Flask) -> None:
    create_user(ADA, "Ada", "admin", PASSWORD)


def test_while_nobody_exists_the_page_says_how_to_make_the_first_administrator(visitor: Browser) -> None:
    page = words_of(visitor.get("/sign-in"))

    assert "Nobody can sign in yet" in page
    assert "python cli.py users create" in page


@pytest.mark.usefixtures("ada")
def test_afterwards_the_hint_is_gone(visitor: Browser) -> None:
    assert "Nobody can sign in yet" not in words_of(visitor.get("/sign-in"))


@pytest.mark.usefixtures("ada")
def test_address_and_password_open_the_page_that_was_wanted(visitor: Browser) -> None:
    asked = visitor.get("/jobs?state=failed")
    assert asked.headers["Location"] == "/sign-in?next=/jobs?state%3Dfailed"

    answer = visitor.sign_in(ADA, next="/jobs?state=failed")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/jobs?state=failed")
    assert visitor.get("/jobs").status_code == 200


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "evil",
        "/a\r\nX: y",
        "",
    ],
)
def test_no_link_leads_elsewhere_after_the_sign_in(visitor: Browser, target: str) -> None:
    assert visitor.sign_in(ADA, next=target).headers["Location"] == "/"


@pytest.mark.usefixtures("ada")
def test_a_wrong_password_and_an_unknown_address_get_the_same_words(visitor: Browser) -> None:
    wrong = visitor.sign_in(ADA, "wrong password")
    unknown = visitor.sign_in("nobody@school.example", "wrong password")

    assert wrong.status_code == unknown.status_code == 422
    assert "do not fit together" in words_of(wrong)
    assert words_of(wrong) == words_of(unknown)


@pytest.mark.usefixtures("ada")
def test_the_address_stays_in_the_form_and_the_password_does_not(visitor: Browser) -> None:
    page = visitor.sign_in(ADA, "wrong password").text

    assert f'value="{ADA}"' in page
    assert "wrong password" not in page


@pytest.mark.usefixtures("ada", "now")
def test_too_many_tries_say_how_long_to_wait(visitor: Browser) -> None:
    for _ in range(TRIES_OF_A_PAIR):
        visitor.sign_in(ADA, "wrong password")

    answer = visitor.sign_in(ADA)

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")
    assert "Wait 15 minutes" in words_of(answer)


@pytest.mark.usefixtures("ada")
def test_signing_in_changes_the_session_and_its_token(visitor: Browser) -> None:
    before = visitor.token()
    cookie = visitor.client.get_cookie("edupulse")

    visitor.sign_in(ADA)

    after = visitor.client.get_cookie("edupulse")
    assert cookie is not None
    assert after is not None
    assert after.value != cookie.value
    assert visitor.post_without_token("/sign-out", {"csrf_token": before}).status_code == 400


@pytest.mark.usefixtures("ada")
def test_the_cookie_is_kept_from_scripts_and_other_sites(visitor: Browser) -> None:
    cookie = visitor.sign_in(ADA).headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_behind_tls_the_cookie_travels_only_over_tls(make_settings: Callable[..., object]) -> None:
    from edupulse import create_app

    app = create_app(make_settings(BASE_URL="https://pulse.school.example"))  # type: ignore[arg-type]

    assert app.config["SESSION_COOKIE_SECURE"] is True
    assert app.config["SESSION_COOKIE_NAME"].startswith("__Host-")


def test_without_tls_where_it_is_needed_the_page_says_where_to_go(
    visitor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "would not keep the sign-in" not in words_of(visitor.get("/sign-in"))

    monkeypatch.setitem(visitor.app.config, "SESSION_COOKIE_SECURE", True)

    assert "would not keep the sign-in" in words_of(visitor.get("/sign-in"))


@pytest.mark.usefixtures("ada")
def test_signing_out_ends_the_session(visitor: Browser) -> None:
    visitor.sign_in(ADA)

    visitor.post("/sign-out")

    assert visitor.get("/").headers["Location"].startswith("/sign-in")


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("deed", [lambda: set_active(ADA, False), lambda: set_password(ADA, PASSWORD + "!")])
def test_who_is_switched_off_or_gets_a_new_password_is_out_at_once(
    visitor: Browser, deed: Callable[[], object]
) -> None:
    create_user("ben@school.example", "Ben", "admin", PASSWORD)  # one administrator stays
    visitor.sign_in(ADA)

    deed()

    assert visitor.get("/").status_code == 303


@pytest.mark.usefixtures("ada")
def test_a_session_ends_after_a_working_day_without_a_visit(visitor: Browser, now: datetime) -> None:
    visitor.sign_in(ADA)
    cookie = visitor.client.get_cookie("edupulse")

    assert cookie is not None
    assert cookie.max_age is None or cookie.max_age <= timedelta(hours=12).total_seconds()
    assert clock.now() == now


@pytest.mark.usefixtures("ada")
def test_a_form_sent_after_the_session_has_ended_is_kept_through_the_sign_in(visitor: Browser) -> None:
    typed = {
        "title": 'A "long" title',
        "attendees": "Zoë <zoe@school.example>\nLi <li@school.example>",
        "lead": ["15", "60"],
    }
    asked = visitor.post_without_token("/events", typed)
    assert asked.status_code == 401
    assert "what you typed is kept" in words_of(asked)
    carried = _hidden(asked.text)

    answer = visitor.post("/sign-in", {**carried, "email": ADA, "password": PASSWORD})

    assert answer.status_code == 200
    kept = _hidden(answer.text)
    assert kept["title"] == ['A "long" title']
    assert kept["attendees"] == ["Zoë <zoe@school.example>\nLi <li@school.example>"]
    assert kept["lead"] == ["15", "60"]
    assert 'action="/events"' in answer.text


@pytest.mark.usefixtures("ada")
def test_a_wrong_password_on_the_way_loses_nothing_either(visitor: Browser) -> None:
    carried = _hidden(visitor.post_without_token("/events", {"title": "Drawing"}).text)

    again = visitor.post("/sign-in", {**carried, "email": ADA, "password": "wrong password"})

    assert _hidden(again.text)["carried:title"] == ["Drawing"]
    assert _hidden(again.text)["next"] == ["/events"]


def _hidden(page: str) -> dict[str, list[str]]:
    """Return the hidden fields of a page but the token, as a browser would send them."""
    fields: dict[str, list[str]] = {}
    areas = re.findall(r'<textarea name="([^"]+)" hidden>\n(.*?)</textarea>', page, flags=re.S)
    inputs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
    for name, value in [*areas, *inputs]:
        if name != "csrf_token":
            fields.setdefault(unescape(name), []).append(unescape(value))
    return fields
