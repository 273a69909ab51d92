"""Tokens of programs and one's own password: the secret is shown once, nobody ends what is not theirs."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from edupulse.accounts.models import ApiToken
from edupulse.accounts.tokens import bearer_of, list_tokens, make_token
from edupulse.database import db
from tests.web.conftest import PASSWORD, Browser, words_of

pytestmark = pytest.mark.usefixtures("now")
VIEWER, OPERATOR = "viewer@school.example", "operator@school.example"
NEW = {"name": "school portal", "role": "viewer", "lasts": "30"}


def test_a_token_of_ones_own_is_shown_once_and_works(operator: Browser, now: datetime) -> None:
    answer = operator.post("/account/tokens", {**NEW, "role": "operator"})

    secret = re.search(r"edu_[\w-]{43}", answer.text)
    assert secret is not None
    bearer = bearer_of(secret[0])
    assert bearer is not None
    assert (bearer.email, bearer.role, bearer.expires_at) == (OPERATOR, "operator", now + timedelta(days=30))
    assert answer.headers["Cache-Control"] == "no-store"
    later = operator.get("/account")
    assert "school portal" in words_of(later)
    assert secret[0] not in later.text


def test_a_token_is_never_more_than_its_owner(viewer: Browser) -> None:
    assert 'name="role" value="operator"' not in viewer.get("/account").text

    refused = viewer.post("/account/tokens", {**NEW, "role": "admin"})

    assert (refused.status_code, "a token cannot be more" in words_of(refused)) == (403, True)
    assert list_tokens(VIEWER) == []


@pytest.mark.parametrize(
    ("wrong", "words"), [({"name": ""}, "needs a name"), ({"lasts": "7"}, "Say how long it lasts")]
)
def test_a_token_that_cannot_be_comes_back(viewer: Browser, wrong: dict[str, str], words: str) -> None:
    refused = viewer.post("/account/tokens", {**NEW, **wrong})

    assert (refused.status_code, words in words_of(refused)) == (422, True)


def test_one_ends_ones_own_tokens_and_no_others(viewer: Browser, operator: Browser) -> None:
    own, _ = make_token(VIEWER, "mine", "viewer", actor="test")
    other, secret = make_token(OPERATOR, "theirs", "viewer", actor="test")

    viewer.post(f"/account/tokens/{own.id}/revocation")

    assert viewer.post(f"/account/tokens/{other.id}/revocation").status_code == 404
    assert db.session.get_one(ApiToken, own.id).revoked_at is not None
    assert bearer_of(secret) is not None
    assert "theirs" not in words_of(viewer.get("/account"))


def test_an_administrator_sees_makes_and_ends_those_of_everybody(admin: Browser, viewer: Browser) -> None:
    make_token(VIEWER, "theirs", "viewer", actor="test")

    made = admin.post("/tokens", {**NEW, "email": VIEWER})
    assert (made.status_code, len(list_tokens(VIEWER))) == (201, 2)
    assert "theirs" in words_of(admin.get("/tokens"))
    for token in list_tokens(VIEWER):
        admin.post(f"/tokens/{token.id}/revocation")

    assert all(token.revoked_at for token in list_tokens(VIEWER))
    assert viewer.get("/tokens").status_code == 403


def test_ones_own_password_is_changed_by_who_knows_it(viewer: Browser, visitor: Browser) -> None:
    visitor.sign_in(VIEWER)
    new = "four quite other words"

    answer = viewer.post("/account/password", {"current": PASSWORD, "password": new, "again": new})

    assert answer.status_code == 303
    assert viewer.get("/account").status_code == 200
    assert visitor.get("/account").status_code == 303
    assert visitor.sign_in(VIEWER, new).status_code == 303


@pytest.mark.parametrize(
    ("current", "new", "again", "words"),
    [
        ("wrong words here", "four other words", "four other words", "The current password is another one"),
        (PASSWORD, "four other words", "four other word", "The two are not the same"),
        (PASSWORD, "short", "short", "at least 10 characters"),
    ],
)
def test_a_password_that_cannot_be_changed_says_why_and_shows_none(
    viewer: Browser, current: str, new: str, again: str, words: str
) -> None:
    refused = viewer.post("/account/password", {"current": current, "password": new, "again": again})

    assert (refused.status_code, words in words_of(refused)) == (422, True)
    assert f'value="{new}"' not in refused.text
    assert viewer.get("/").status_code == 200
