"""Who may call: a valid token with enough of a role; nothing that a browser sends counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from flask import Flask

from edupulse import clock
from edupulse.accounts.models import ApiToken, User
from edupulse.accounts.tokens import make_token, revoke_token
from edupulse.database import db
from edupulse.errors import Unavailable
from edupulse.transaction import transaction
from tests.api.conftest import Program, make_person, problem

PUBLIC = {"api.openapi.show"}
HARMLESS = {"api.preview.look_at_unsaved"}  # changes nothing
OWN = {
    "api.exports.ask", "api.exports.cancel", "api.exports.delete",
    "api.notifications.prefer", "api.notifications.read", "api.notifications.read_all",
    "api.report_subscriptions.subscribe", "api.report_subscriptions.unsubscribe",
    "api.tokens.make", "api.tokens.revoke", "api.users.change_me", "api.users.change_own_password",
}  # fmt: skip


def test_a_call_without_a_token_is_told_what_to_send(sqlite_app: Flask) -> None:
    response = sqlite_app.test_client().get("/api/v1/campaigns/")

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert problem(response)["code"] == "unauthorized"
    assert "Authorization: Bearer" in problem(response)["cure"]
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("header", ["Bearer", "Bearer x", "Bearer edu_" + "x" * 43, "Basic eDp5", "edu_x"])
def test_a_wrong_token_opens_nothing(sqlite_app: Flask, header: str) -> None:
    response = sqlite_app.test_client().get("/api/v1/campaigns/", headers={"Authorization": header})

    assert (response.status_code, problem(response)["code"]) == (401, "unauthorized")


def addresses(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Yield (endpoint, method, path) of every address of the API."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("api."):
            built = rule.build({name: 1 if name.endswith("_id") else "x" for name in rule.arguments})
            assert built is not None
            for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
                yield rule.endpoint, method, built[1]


def test_every_address_asks_for_a_token(sqlite_app: Flask) -> None:
    client = sqlite_app.test_client()
    walked = [each for each in addresses(sqlite_app) if each[0] not in PUBLIC]

    assert len(walked) > 30
    for _, method, path in walked:
        assert client.open(path, method=method).status_code == 401, f"{method} {path}"


def test_a_viewer_can_act_nowhere(sqlite_app: Flask, viewer: Program) -> None:
    last = "api.tokens.revoke"  # the token that the walk is made with
    acts = {
        endpoint: viewer.call(method, path.removeprefix("/api/v1")).status_code
        for endpoint, method, path in sorted(addresses(sqlite_app), key=lambda each: each[0] == last)
        if method != "GET" and path.startswith("/api/v1/")
    }

    assert len(acts) > 15
    assert 401 not in acts.values()
    assert {endpoint for endpoint, status in acts.items() if status != 403} == HARMLESS | OWN


def test_a_session_of_a_browser_opens_nothing(sqlite_app: Flask) -> None:
    client = sqlite_app.test_client()
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = make_person("admin").get_id(), True

    assert client.get("/api/v1/campaigns/").status_code == 401
    assert client.get("/campaigns").status_code == 200


def test_viewers_look_and_operators_act(viewer: Program, operator: Program) -> None:
    assert viewer.get("/campaigns/").status_code == 200
    refused = viewer.post("/campaigns/", {"name": "x"})

    assert (refused.status_code, problem(refused)["code"]) == (403, "denied")
    assert "has the role viewer; this needs operator" in problem(refused)["message"]
    assert operator.post("/campaigns/", {"name": "x"}).status_code == 201


def test_an_act_needs_no_token_of_a_form(operator: Program) -> None:
    assert operator.post("/campaigns/", {"name": "x"}).status_code == 201


def test_a_role_taken_from_a_person_is_taken_from_their_tokens(operator: Program) -> None:
    with transaction() as session:
        session.query(User).filter_by(email="operator@school.example").update({"role": "viewer"})

    assert operator.get("/campaigns/").status_code == 200
    assert operator.post("/campaigns/", {"name": "x"}).status_code == 403


def test_the_tokens_of_somebody_who_may_not_sign_in_are_closed(operator: Program) -> None:
    with transaction() as session:
        session.query(User).update({"active": False})

    assert operator.get("/campaigns/").status_code == 401


def test_a_revoked_token_is_closed_at_once(operator: Program) -> None:
    revoke_token(db.session.query(ApiToken).one().id, actor="test")

    assert operator.get("/campaigns/").status_code == 401


def test_an_expired_token_is_closed(sqlite_app: Flask, now: datetime) -> None:
    person = make_person("viewer")
    _, secret = make_token(
        person.email, "portal", "viewer", actor="test", expires_at=now + timedelta(hours=1)
    )
    program = Program(sqlite_app, secret)

    assert program.get("/campaigns/").status_code == 200
    with clock.frozen(now + timedelta(hours=1)):
        assert program.get("/campaigns/").status_code == 401


def test_the_use_of_a_token_is_noted_once_an_hour(
    sqlite_app: Flask, program_of: Callable[[str], Program]
) -> None:
    at = datetime.fromisoformat("2026-03-12T09:00:00+00:00")
    with clock.frozen(at):
        program = program_of("viewer")
    noted = []
    for minutes in (5, 30, 70):
        with clock.frozen(at + timedelta(minutes=minutes)):
            program.get("/campaigns/")
        db.session.commit()
        noted.append(db.session.query(ApiToken.last_used_at).scalar())

    assert noted == [at + timedelta(minutes=5), at + timedelta(minutes=5), at + timedelta(minutes=70)]


def test_who_looks_is_answered_although_the_use_of_the_token_cannot_be_noted(
    viewer: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def on_a_full_disk(**_: object) -> Iterator[object]:
        with transaction() as session:
            yield session
            raise Unavailable("The disk of the database is full.")

    monkeypatch.setattr("edupulse.accounts.tokens.transaction", on_a_full_disk)

    assert viewer.get("/campaigns/").status_code == 200
