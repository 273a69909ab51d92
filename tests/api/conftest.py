"""Programs that call the API: each with a token of one role, none with a cookie."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from edupulse.accounts.models import User
from edupulse.accounts.tokens import make_token
from edupulse.clock import now
from edupulse.database import db
from edupulse.transaction import transaction


class Program:
    """Calls addresses below /api/v1 with a token."""

    def __init__(self, app: Flask, token: str) -> None:
        self.app, self.token = app, token

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.call("GET", path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> TestResponse:
        return self.call("POST", path, **({"json": json} if json is not None else {}), **options)

    def patch(self, path: str, json: Any) -> TestResponse:
        return self.call("PATCH", path, json=json)

    def delete(self, path: str) -> TestResponse:
        return self.call("DELETE", path)

    def call(
        self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any
    ) -> TestResponse:
        sent = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        with self.app.app_context():
            response = self.app.test_client().open(
                f"/api/v1{path}", method=method, headers=sent, buffered=True, **options
            )
        db.session.rollback()
        db.session.expire_all()
        return response


def make_person(role: str = "admin") -> User:
    """Store somebody who may sign in."""
    with transaction() as session:
        person = User(
            email=f"{role}@school.example", name=role.capitalize(), role=role, password_hash="none",
            session_key=role, created_at=now(),
        )  # fmt: skip
        session.add(person)
    return person


@pytest.fixture
def program_of(sqlite_app: Flask) -> Callable[[str], Program]:
    """Return a function that gives a program of a role."""
    made: dict[str, Program] = {}

    def get(role: str) -> Program:
        if role not in made:
            person = make_person(role)
            _, secret = make_token(person.email, "portal", role, actor="test")
            made[role] = Program(sqlite_app, secret)
        return made[role]

    return get


@pytest.fixture
def operator(program_of: Callable[[str], Program]) -> Program:
    return program_of("operator")


@pytest.fixture
def viewer(program_of: Callable[[str], Program]) -> Program:
    return program_of("viewer")


def problem(response: TestResponse) -> dict[str, Any]:
    """Return the error of an answer, whose shape is always the same."""
    assert response.mimetype == "application/json"
    body = response.get_json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "cure", "field", "request_id"}
    assert body["error"]["message"]
    assert body["error"]["request_id"] == response.headers["X-Request-ID"]
    return dict(body["error"])
