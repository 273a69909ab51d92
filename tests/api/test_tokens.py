"""Tokens are made, shown once, kept as a hash, listed and revoked."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask

from edupulse.accounts.audit import entries_of
from edupulse.accounts.models import ApiToken
from edupulse.accounts.tokens import bearer_of, list_tokens, make_token, revoke_token
from edupulse.cli.tokens import tokens
from edupulse.database import db
from edupulse.errors import Denied, EduPulseError, Invalid, NotFound
from tests.api.conftest import Program, make_person, problem

ADMIN = "admin@school.example"


def test_only_a_hash_is_kept(app: Flask) -> None:
    make_person("admin")

    token, secret = make_token(ADMIN, "school portal", "operator", actor="test")

    kept = " ".join(str(getattr(token, column.name)) for column in ApiToken.__table__.columns)
    assert secret.startswith("edu_")
    assert secret not in kept
    assert secret.startswith(token.hint)
    assert secret not in str([entry.detail for entry in entries_of(f"token:{token.id}")])


def test_the_secret_tells_who_calls(app: Flask) -> None:
    make_person("admin")
    token, secret = make_token(ADMIN, "portal", "operator", actor="test")

    found = bearer_of(secret)

    assert found is not None
    assert (found.email, found.role, found.token_id) == (ADMIN, "operator", token.id)
    assert (found.may("viewer"), found.may("operator"), found.may("admin")) == (True, True, False)
    assert bearer_of(secret[:-1]) is None
    assert bearer_of("") is None


def test_a_token_is_never_above_its_person(app: Flask) -> None:
    make_person("viewer")

    with pytest.raises(Denied, match="is viewer; a token cannot be more"):
        make_token("viewer@school.example", "portal", "operator", actor="test")


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"email": "nobody@school.example"}, NotFound),
        ({"name": "  "}, Invalid),
        ({"name": "x" * 101}, Invalid),
        ({"role": "king"}, Invalid),
        ({"expires_at": datetime.fromisoformat("2020-01-01T00:00:00+00:00")}, Invalid),
    ],
)
def test_a_token_that_cannot_be_is_refused(
    sqlite_app: Flask, values: dict[str, object], kind: type[EduPulseError]
) -> None:
    make_person("admin")
    usual: dict[str, object] = {"email": ADMIN, "name": "portal", "role": "viewer", "expires_at": None}

    with pytest.raises(kind):
        make_token(**{**usual, **values}, actor="test")  # type: ignore[arg-type]
    assert list_tokens() == []


def test_tokens_are_listed_newest_first_and_revoked_for_good(app: Flask, now: datetime) -> None:
    make_person("admin")
    make_person("viewer")
    first, secret = make_token(ADMIN, "first", "viewer", actor="test", expires_at=now + timedelta(days=1))
    make_token("viewer@school.example", "second", "viewer", actor="test")

    revoke_token(first.id, actor="test")
    revoke_token(first.id, actor="test")

    assert [each.name for each in list_tokens()] == ["second", "first"]
    assert [each.name for each in list_tokens(ADMIN)] == ["first"]
    assert bearer_of(secret) is None
    assert [entry.action for entry in entries_of(f"token:{first.id}")] == ["tokens.revoke", "tokens.make"]
    with pytest.raises(NotFound):
        revoke_token(99, actor="test")


def test_the_command_line_makes_lists_and_revokes(sqlite_app: Flask) -> None:
    make_person("admin")
    run = sqlite_app.test_cli_runner().invoke

    made = run(tokens, ["make", ADMIN, "--name", "portal", "--role", "operator", "--days", "30", "--json"])
    secret = json.loads(made.stdout)["token"]
    listed = json.loads(run(tokens, ["list", "--json"]).stdout)

    assert bearer_of(secret) is not None
    assert secret not in str(listed)
    assert (listed[0]["name"], listed[0]["valid"], listed[0]["email"]) == ("portal", True, ADMIN)
    revoked = run(tokens, ["revoke", str(listed[0]["id"]), "--json"])
    db.session.expire_all()
    assert (revoked.exit_code, bearer_of(secret)) == (0, None)
    failed = run(tokens, ["revoke", "99"])
    assert (failed.exit_code, "There is no token 99" in failed.stderr) == (1, True)


def test_everybody_makes_lists_and_revokes_their_own(viewer: Program) -> None:
    made = viewer.post("/tokens/", {"name": "calendar", "expires_at": "2099-01-01T00:00:00+01:00"})

    facts, listed = made.get_json(), viewer.get("/tokens/")
    assert (made.status_code, facts["role"], facts["email"]) == (201, "viewer", "viewer@school.example")
    assert facts["expires_at"] == "2098-12-31T23:00:00Z"
    assert bearer_of(facts["secret"]) is not None
    assert [each["name"] for each in listed.get_json()["items"]] == ["calendar", "portal"]
    assert facts["secret"] not in listed.text

    revoked = viewer.post(f"/tokens/{facts['id']}/revoke/")

    assert (revoked.status_code, revoked.get_json()["valid"]) == (200, False)
    assert bearer_of(facts["secret"]) is None


def test_an_end_beyond_the_calendar_is_refused(viewer: Program) -> None:
    refused = viewer.post("/tokens/", {"name": "calendar", "expires_at": "9999-12-31T23:59:59-14:00"})

    assert (refused.status_code, problem(refused)["field"]) == (422, "expires_at")


def test_a_token_begets_none_that_may_more_or_lives_longer(sqlite_app: Flask, now: datetime) -> None:
    make_person("admin")
    ends = now + timedelta(days=1)
    _, secret = make_token(ADMIN, "portal", "operator", actor="test", expires_at=ends)
    portal = Program(sqlite_app, secret)

    refused = portal.post("/tokens/", {"name": "worse", "role": "admin"})
    made = portal.post("/tokens/", {"name": "child", "role": "operator"})

    assert (refused.status_code, problem(refused)["code"]) == (403, "denied")
    assert datetime.fromisoformat(made.get_json()["expires_at"]) == ends


def test_a_token_that_may_only_look_ends_none_that_acts(sqlite_app: Flask) -> None:
    make_person("operator")
    owner = "operator@school.example"
    acting, secret = make_token(owner, "portal", "operator", actor="test")
    own, looking = make_token(owner, "figures", "viewer", actor="test")
    figures = Program(sqlite_app, looking)

    refused = figures.post(f"/tokens/{acting.id}/revoke/")

    assert (refused.status_code, problem(refused)["code"]) == (403, "denied")
    assert bearer_of(secret) is not None
    assert [entry.action for entry in entries_of(f"token:{acting.id}")] == ["tokens.make"]
    assert figures.post(f"/tokens/{own.id}/revoke/").status_code == 200
    assert bearer_of(looking) is None


def test_tokens_of_others_are_for_administrators(
    program_of: Callable[[str], Program], viewer: Program, operator: Program
) -> None:
    own = viewer.get("/tokens/").get_json()["items"][0]["id"]

    assert operator.post(f"/tokens/{own}/revoke/").status_code == 404
    assert operator.post("/tokens/", {"name": "x", "email": "viewer@school.example"}).status_code == 403
    assert [
        each["email"] for each in operator.get("/tokens/?email=viewer@school.example").get_json()["items"]
    ] == ["operator@school.example"]
    admin = program_of("admin")
    assert len(admin.get("/tokens/").get_json()["items"]) == 3
    assert len(admin.get("/tokens/?email=viewer@school.example").get_json()["items"]) == 1
    assert admin.post("/tokens/", {"name": "x", "email": "viewer@school.example"}).status_code == 201
    assert admin.post(f"/tokens/{own}/revoke/").status_code == 200
    assert viewer.get("/me/").status_code == 401
