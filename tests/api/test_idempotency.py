"""A POST with a key is done once; the same call again gets the answer of the first one."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from werkzeug.test import TestResponse

from edupulse.accounts.models import IdempotentCall
from edupulse.accounts.tokens import make_token
from edupulse.campaigns.models import Campaign
from edupulse.database import db
from edupulse.errors import Conflict
from tests.api.conftest import Program, make_person, problem

KEY = {"Idempotency-Key": "5b1c3f0e-0d0f-4b53-9f0c-2f6b0a6f9d11"}


@pytest.fixture
def both(app: Flask) -> Program:
    """An operator's program, on each database."""
    person = make_person("operator")
    _, secret = make_token(person.email, "portal", "operator", actor="test")
    return Program(app, secret)


def create(program: Program, name: str = "Spring", **headers: str) -> TestResponse:
    return program.post("/campaigns/", {"name": name}, headers={**KEY, **headers})


def campaigns() -> int:
    return db.session.query(Campaign).count()


def test_the_same_call_again_gets_the_same_answer_and_does_nothing(both: Program) -> None:
    first, second = create(both), create(both)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.text == first.text
    assert second.headers["Idempotent-Replay"] == "true"
    assert "Idempotent-Replay" not in first.headers
    assert campaigns() == 1


def test_without_a_key_each_call_acts(both: Program) -> None:
    for _ in range(2):
        both.post("/campaigns/", {"name": "Spring"})

    assert campaigns() == 2


def test_a_key_for_another_call_is_refused(both: Program) -> None:
    create(both)

    refused = create(both, name="Autumn")

    assert (refused.status_code, problem(refused)["code"]) == (422, "invalid")
    assert "used for another call" in problem(refused)["message"]
    assert campaigns() == 1


def test_another_address_is_another_call(both: Program) -> None:
    create(both)

    assert both.post("/suppressions/", {"address": "a@b.example"}, headers=KEY).status_code == 422


@pytest.mark.parametrize("key", ["x" * 201, "two words", "grün"])
def test_a_key_that_cannot_be_kept_is_refused(operator: Program, key: str) -> None:
    refused = operator.post("/campaigns/", {"name": "x"}, headers={"Idempotency-Key": key})

    assert (refused.status_code, campaigns()) == (422, 0)


def test_what_was_refused_may_be_tried_again_with_the_same_key(
    both: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise Conflict("Not now.")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("edupulse.campaigns.drafts.create", busy)
        refused = create(both)

    assert (refused.status_code, create(both).status_code) == (409, 201)
    assert campaigns() == 1


def test_a_deed_whose_answer_could_not_be_kept_is_not_done(
    both: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("edupulse.api.idempotency._keep", crash)
        meanwhile.setitem(both.app.config, "PROPAGATE_EXCEPTIONS", False)
        assert create(both).status_code == 500

    assert campaigns() == 0
    assert create(both).status_code == 201


def test_keys_of_different_tokens_have_nothing_to_do_with_each_other(
    program_of: Callable[[str], Program],
) -> None:
    for role in ("operator", "admin"):
        assert "Idempotent-Replay" not in create(program_of(role)).headers

    assert campaigns() == 2


def test_of_two_calls_at_once_one_acts_and_both_get_its_answer(both: Program) -> None:
    begin, answers = threading.Barrier(2), []

    def call() -> None:
        begin.wait(timeout=10)
        with both.app.app_context():
            answers.append(create(both))

    threads = [threading.Thread(target=call) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert [each.status_code for each in answers] == [201, 201]
    assert answers[0].text == answers[1].text
    assert campaigns() == 1


def test_a_form_with_a_file_is_the_same_call_whatever_its_boundary(operator: Program) -> None:
    number = create(operator).get_json()["id"]

    def send(content: bytes) -> TestResponse:
        form: dict[str, Any] = {"file": (io.BytesIO(content), "plan.txt")}
        return operator.post(
            f"/campaigns/{number}/enclosures/", data=form, headers={"Idempotency-Key": "form"}
        )

    first, again, other = send(b"plan"), send(b"plan"), send(b"another plan")

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert again.headers["Idempotent-Replay"] == "true"


def test_nothing_of_a_secret_is_kept(program_of: Callable[[str], Program], redis: Redis) -> None:
    admin = program_of("admin")
    person = {"email": "ada@school.example", "role": "viewer", "password": "four random words here"}

    admin.post("/users/", person, headers=KEY)
    made = admin.post("/tokens/", {"name": "portal"}, headers={"Idempotency-Key": "token"})

    kept = [(call.key, call.answer, call.fingerprint) for call in db.session.query(IdempotentCall)]
    assert [each[0] for each in kept] == [KEY["Idempotency-Key"]]
    assert "four random" not in str(kept)
    assert made.status_code == 201
