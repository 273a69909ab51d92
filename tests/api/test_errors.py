"""Everything that goes wrong is answered in one shape."""

from __future__ import annotations

import pytest
from flask import Flask
from redis.exceptions import ConnectionError as RedisAway
from sqlalchemy.exc import OperationalError

from edupulse.errors import Unavailable
from tests.api.conftest import Program, problem


def test_what_does_not_exist_is_named(viewer: Program) -> None:
    response = viewer.get("/campaigns/77/")

    assert (response.status_code, problem(response)["code"]) == (404, "not_found")
    assert "no campaign 77" in problem(response)["message"]


@pytest.mark.parametrize("path", ["/nonsense/", "/campaigns/x/", "/campaigns/1/nonsense/"])
def test_an_address_that_does_not_exist_is_answered_in_json(viewer: Program, path: str) -> None:
    response = viewer.get(path)

    assert (response.status_code, problem(response)["code"]) == (404, "not_found")


def test_a_wrong_method_names_the_right_ones(operator: Program) -> None:
    response = operator.call("PUT", "/campaigns/1/")

    assert (response.status_code, problem(response)["code"]) == (405, "method_not_allowed")
    assert {each.strip() for each in response.headers["Allow"].split(",")} >= {"GET", "PATCH", "DELETE"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/admin/workers/sync-email-tasks", 405),
        ("POST", "/metrics", 405),
        ("POST", "/metrics/", 405),
        ("GET", "/api/v1", 404),
    ],
)
def test_what_programs_call_beside_the_root_is_refused_in_json_too(
    sqlite_app: Flask, method: str, path: str, status: int
) -> None:
    response = sqlite_app.test_client().open(path, method=method)

    assert (response.status_code, problem(response)["cure"] != "") == (status, True)


def test_addresses_work_with_and_without_the_slash_at_the_end(operator: Program) -> None:
    assert operator.get("/campaigns").status_code == 200
    assert operator.post("/campaigns", {"name": "x"}).status_code == 201


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "bad_request"),
        (b"[1]", "application/json", 422, "invalid"),
        (b"name=x", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b'{"nam": "x"}', "application/json", 422, "invalid"),
        (b'{"name": 7}', "application/json", 422, "invalid"),
        (b'{"resend_unknown": 1}', "application/json", 422, "invalid"),
        (b'{"name": "x", "scheduled_at": "2026-03-16 10:00"}', "application/json", 422, "invalid"),
        (b'{"name": "x", "letters": {"zh": 1}}', "application/json", 422, "invalid"),
        (b'{"name": "x", "letters": {"zh": {"subjekt": "y"}}}', "application/json", 422, "invalid"),
        (b"{}" + b" " * (5 * 2**20), "application/json", 413, "too_large"),
    ],
)
def test_a_body_that_cannot_be_used_is_refused(
    operator: Program, body: bytes, content_type: str, status: int, code: str
) -> None:
    response = operator.post("/campaigns/", data=body, content_type=content_type)

    assert (response.status_code, problem(response)["code"]) == (status, code)


def test_an_unknown_name_is_told_the_known_ones(operator: Program) -> None:
    error = problem(operator.post("/campaigns/", {"nam": "x"}))

    assert error["message"] == "“nam” is not known."
    assert "name, subject, text" in error["cure"]


@pytest.mark.parametrize("query", ["?cursor=nonsense", "?size=0", "?size=x", "?size=501"])
def test_a_page_that_cannot_be_is_refused(viewer: Program, query: str) -> None:
    assert viewer.get("/campaigns/" + query).status_code == 422


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (Unavailable("Later.", retry_after=30), 503, "unavailable"),
        (RedisAway("gone"), 503, "unavailable"),
        (OperationalError("SELECT", {}, Exception("gone")), 503, "unavailable"),
        (ZeroDivisionError("ours"), 500, "internal"),
    ],
)
def test_faults_keep_the_shape_and_tell_no_secrets(
    sqlite_app: Flask,
    viewer: Program,
    monkeypatch: pytest.MonkeyPatch,
    fault: Exception,
    status: int,
    code: str,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr("edupulse.api.campaigns.monitor.listing", fail)
    monkeypatch.setitem(sqlite_app.config, "PROPAGATE_EXCEPTIONS", False)

    response = viewer.get("/campaigns/")

    assert (response.status_code, problem(response)["code"]) == (status, code)
    assert "gone" not in response.text
    assert "ours" not in response.text.replace("on our side", "")
