"""The address that programs knew before: the same words as ever, behind the gate of the API."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from werkzeug.test import TestResponse

from edupulse.api.kept import SYNC, EmailTasksSynced
from edupulse.api.noun import Contract
from edupulse.database import db
from tests.api.conftest import Program, make_person, problem
from tests.api.inbound import add_mailbox


def call(program: Program, path: str = SYNC) -> TestResponse:
    headers = {"Authorization": f"Bearer {program.token}"}
    response = program.app.test_client().post(path, headers=headers)
    db.session.rollback()
    return response


def test_it_answers_in_exactly_these_words(operator: Program, redis: Redis) -> None:
    add_mailbox()
    add_mailbox(name="Lessons", username="lessons@school.example")

    first, second = call(operator), call(operator)

    assert first.status_code == 200
    assert first.mimetype == "application/json"
    assert re.fullmatch(
        r'\{"success":true,"message":"[^"]+",'
        r'"stats":\{"added":2,"removed":0,"updated":0,"total":2\}\}\n',
        first.text,
    )
    assert second.get_json()["stats"] == {"added": 0, "removed": 0, "updated": 0, "total": 2}
    assert second.get_json()["message"] == "Nothing to change: 2 mailboxes are polled as set up."


def test_it_needs_no_token_of_a_form_and_works_with_a_slash_at_the_end(
    operator: Program, redis: Redis
) -> None:
    assert call(operator, f"{SYNC}/").get_json()["success"] is True


def test_without_a_token_it_is_shut(sqlite_app: Flask) -> None:
    response = sqlite_app.test_client().post(SYNC)

    assert (response.status_code, problem(response)["code"]) == (401, "unauthorized")


def test_a_viewer_may_not(viewer: Program) -> None:
    response = call(viewer)

    assert (response.status_code, problem(response)["code"]) == (403, "denied")


def test_a_session_of_a_browser_opens_nothing(sqlite_app: Flask) -> None:
    client = sqlite_app.test_client()
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = make_person("admin").get_id(), True

    assert client.post(SYNC).status_code == 401


def test_it_is_no_page(operator: Program) -> None:
    assert operator.app.test_client().get(SYNC).status_code == 405


def test_without_redis_it_says_so_and_the_schedules_are_right_already(
    operator: Program, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: object, **kwargs: object) -> None:
        raise RedisConnectionError("gone")

    add_mailbox()
    with monkeypatch.context() as outage:
        outage.setattr(redis, "zrange", away)
        refused = call(operator)

    assert (refused.status_code, problem(refused)["code"]) == (503, "unavailable")
    assert call(operator).get_json()["stats"] == {"added": 1, "removed": 0, "updated": 0, "total": 1}


def test_what_callers_send_along_is_not_looked_at(operator: Program, redis: Redis) -> None:
    headers = {"Authorization": f"Bearer {operator.token}"}

    response = operator.app.test_client().post(SYNC, headers=headers, data={"force": "1"})

    assert response.get_json()["success"] is True


def test_its_answer_is_documented(sqlite_app: Flask) -> None:
    contract: Contract = sqlite_app.view_functions["api.sync_email_tasks"].contract  # type: ignore[attr-defined]

    assert contract.gives is EmailTasksSynced
