"""Every refusal and fault is a page that says what happened, what was kept and what to do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy.exc import DataError, OperationalError

from edupulse.errors import Conflict, Denied, EduPulseError, Invalid, NotFound, Unavailable
from edupulse.web import dashboard
from edupulse.web.errors import TITLES, status_of
from tests.web.conftest import Browser, words_of

Fail = Callable[[BaseException], None]


@pytest.fixture
def fail(monkeypatch: pytest.MonkeyPatch) -> Fail:
    """Return a function that lets the dashboard end with an error."""

    def with_error(error: BaseException) -> None:
        def broken(*_: object) -> None:
            raise error

        monkeypatch.setattr(dashboard, "facts", broken)

    return with_error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound("There is no such thing."), 404),
        (Invalid("The title is missing."), 422),
        (Conflict("It was sent already."), 409),
        (Denied("You may not."), 403),
        (Denied("Too fast.", retry_after=7), 429),
        (Unavailable("The post is closed."), 503),
        (EduPulseError("Something else."), 500),
    ],
)
def test_each_kind_of_refusal_has_one_status_and_keeps_its_words(
    viewer: Browser, fail: Fail, error: EduPulseError, status: int
) -> None:
    error.cure = "Do it like this."
    fail(error)

    answer = viewer.get("/")

    assert answer.status_code == status == status_of(error)
    assert error.message in words_of(answer)
    assert "Do it like this." in words_of(answer)
    assert str(TITLES[status]) in words_of(answer)


def test_an_unknown_page_helps_on(viewer: Browser) -> None:
    answer = viewer.get("/nothing-here")

    assert answer.status_code == 404
    assert "To the dashboard" in words_of(answer)


def test_words_of_a_refusal_are_text_and_no_markup(viewer: Browser, fail: Fail) -> None:
    fail(NotFound("There is no <script>alert(1)</script>."))

    assert "<script>alert" not in viewer.get("/").text


def test_a_fault_of_ours_shows_a_number_and_no_secret(site: Flask, viewer: Browser, fail: Fail) -> None:
    fail(RuntimeError("the password is hunter2"))
    site.config["PROPAGATE_EXCEPTIONS"] = False

    answer = viewer.get("/")

    site.config["PROPAGATE_EXCEPTIONS"] = None
    assert answer.status_code == 500
    assert answer.headers["X-Request-ID"] in words_of(answer)
    assert "hunter2" not in answer.text


def test_without_the_database_the_page_stands_alone(viewer: Browser, fail: Fail) -> None:
    fail(OperationalError("select 1", {}, Exception("server closed the connection")))

    answer = viewer.get("/")

    assert answer.status_code == 503
    assert "The database cannot be reached. Nothing was changed." in words_of(answer)


def test_what_no_column_takes_is_refused_and_no_fault(viewer: Browser, fail: Fail) -> None:
    fail(DataError("select 1", {}, ValueError("PostgreSQL text fields cannot contain NUL (0x00) bytes")))

    answer = viewer.get("/")

    assert (answer.status_code, "cannot be stored" in words_of(answer)) == (422, True)


def test_without_redis_it_says_what_waits(viewer: Browser, fail: Fail) -> None:
    fail(RedisConnectionError("refused"))

    answer = viewer.get("/")

    assert answer.status_code == 503
    assert "goes on by itself when Redis is back" in words_of(answer)


def test_a_form_without_a_token_from_our_own_page_can_be_sent_again(operator: Browser) -> None:
    answer = operator.post_without_token(
        "/events", {"title": "Drawing <b>"}, headers={"Origin": "http://localhost"}
    )

    assert answer.status_code == 400
    assert "Nothing was lost" in words_of(answer)
    assert "Drawing &lt;b&gt;" in answer.text


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
def test_a_form_from_elsewhere_is_not_offered_again(operator: Browser, origin: str) -> None:
    answer = operator.post_without_token("/events", {"title": "Drawing"}, headers={"Origin": origin})

    assert answer.status_code == 400
    assert "Drawing" not in answer.text


def test_a_wrong_method_says_what_is_possible(viewer: Browser) -> None:
    answer = viewer.open("/jobs", "POST")

    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_too_large_a_form_is_refused_with_the_limit(operator: Browser) -> None:
    answer = operator.post("/events", {"description": "x" * (5 * 1024 * 1024)})

    assert answer.status_code == 413
    assert "1 MB" in words_of(answer)
