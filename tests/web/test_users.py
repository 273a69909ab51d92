"""Who may sign in, as administrators look after it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from edupulse.accounts.models import AuditEntry, User
from edupulse.accounts.users import create_user, find_user
from edupulse.database import db
from tests.web.conftest import PASSWORD, Browser, words_of

BEN = "ben@school.example"
NEW = {"email": BEN, "name": "Ben", "role": "operator", "password": PASSWORD}


def test_an_administrator_makes_somebody_who_can_sign_in(admin: Browser, visitor: Browser) -> None:
    answer = admin.post("/users", NEW)

    assert (answer.status_code, answer.location) == (303, f"/users/{BEN}")
    assert visitor.sign_in(BEN).status_code == 303
    assert visitor.get("/users").status_code == 403


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"email": "no address"}, "is not an e-mail address"),
        ({"role": "king"}, "There is no role"),
        ({"password": "short"}, "needs at least 10 characters"),
        ({"email": "admin@school.example"}, "can already sign in"),
    ],
)
def test_what_cannot_be_comes_back_but_never_the_password(
    admin: Browser, wrong: dict[str, str], words: str
) -> None:
    answer = admin.post("/users", {**NEW, **wrong})

    assert answer.status_code in (409, 422)
    assert words in words_of(answer)
    assert 'value="Ben"' in answer.text
    assert {**NEW, **wrong}["password"] not in answer.text


def test_a_role_is_changed_and_the_log_keeps_what_it_was(admin: Browser) -> None:
    create_user(BEN, "Ben", "viewer", PASSWORD)

    admin.post(f"/users/{BEN}", {"name": "Benjamin", "role": "operator"})

    person = find_user(BEN)
    assert (person.name, person.role) == ("Benjamin", "operator")
    kept = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "users.set_role")).one()
    assert (kept.before, kept.after, kept.actor) == ("viewer", "operator", "admin@school.example")
    assert "users.set_role" in words_of(admin.get(f"/users/{BEN}"))


def test_the_last_administrator_stays_one(admin: Browser) -> None:
    refused = admin.post("/users/admin@school.example", {"name": "Admin", "role": "viewer"})

    assert (refused.status_code, "is the only administrator" in words_of(refused)) == (409, True)
    assert admin.post("/users/admin@school.example/deactivation").status_code == 409


def test_who_is_switched_off_is_out_and_comes_back(admin: Browser, viewer: Browser) -> None:
    admin.post("/users/viewer@school.example/deactivation")
    assert viewer.get("/").status_code == 303
    assert "Switched off" in words_of(admin.get("/users"))

    admin.post("/users/viewer@school.example/activation")

    assert viewer.sign_in("viewer@school.example").status_code == 303


def test_a_new_password_ends_the_sessions_and_a_weak_one_is_refused(admin: Browser, viewer: Browser) -> None:
    refused = admin.post("/users/viewer@school.example/password", {"password": "short"})
    assert (refused.status_code, "at least 10 characters" in words_of(refused)) == (422, True)

    admin.post("/users/viewer@school.example/password", {"password": "four other words here"})

    assert viewer.get("/").status_code == 303
    assert viewer.sign_in("viewer@school.example", "four other words here").status_code == 303


def test_nobody_but_administrators_sees_the_list(operator: Browser) -> None:
    assert operator.get("/users").status_code == 403
    assert operator.post("/users", NEW).status_code == 403
    assert db.session.scalar(select(User.id).where(User.email == BEN)) is None


def test_nobody_of_that_address_is_not_found(admin: Browser) -> None:
    assert admin.get("/users/nobody@school.example").status_code == 404


def test_who_takes_the_role_from_themselves_lands_where_they_may_be(admin: Browser) -> None:
    create_user(BEN, "Ben", "admin", PASSWORD)

    answer = admin.post("/users/admin@school.example", {"name": "Admin", "role": "viewer"})

    assert (answer.status_code, answer.location) == (303, "/account")
