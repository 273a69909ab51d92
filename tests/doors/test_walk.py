"""Every route, those of rq-dashboard and of the API included, as nobody, viewer, operator and administrator."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from edupulse.accounts.models import ROLES
from edupulse.accounts.tokens import make_token
from edupulse.accounts.users import create_user
from edupulse.operations import OPERATIONS, role_of
from tests.doors.routes import READING, Call, calls
from tests.web.conftest import PASSWORD, Browser

WHO = ("nobody", *ROLES)
ORDER = ("", *ROLES)
# Whoever has the link in the mail may press, and a mail program presses without a page (RFC 8058).
PRESSED_FROM_MAIL = {"unsubscribe.act", "unsubscribe.undo"}
OF_RQ = ("requeue_all", "delete_job_view", "requeue_job_view", "empty_queue", "compact_queue")


@pytest.mark.parametrize("who", WHO)
def test_every_page_lets_in_whom_it_should_and_nobody_else(sqlite_app: Flask, who: str) -> None:
    browser = visitor(sqlite_app, who)

    wrong = [
        f"{who} {call}: {status}"
        for call in calls(sqlite_app, number=0)
        if call.door == "web" and not is_refused_for_all(call)
        for status in [browser.open(call.path, call.method).status_code]
        if is_shut(status, call, who) == may(who, call)
    ]

    assert wrong == []


@pytest.mark.parametrize("who", WHO)
def test_every_call_lets_in_whom_it_should_and_nobody_else(sqlite_app: Flask, who: str) -> None:
    headers = {"Authorization": f"Bearer {token(who)}"} if who != "nobody" else {}
    shut = 403 if who != "nobody" else 401

    wrong = [
        f"{who} {call}: {status}"
        for call in calls(sqlite_app, number=0)
        if call.door == "api"
        for status in [ask(sqlite_app, call, headers)]
        if (status == shut) == may(who, call)
    ]

    assert wrong == []


def test_no_act_of_a_page_passes_without_a_token_of_our_own_page(sqlite_app: Flask) -> None:
    browser = visitor(sqlite_app, "admin")

    passed = [
        f"{call}: {status}"
        for call in calls(sqlite_app, number=0)
        if call.door == "web" and call.method not in READING
        if call.place not in PRESSED_FROM_MAIL and not is_refused_for_all(call)
        if (status := browser.open(call.path, call.method).status_code) != 400
    ]

    assert passed == []


def test_the_walk_meets_every_operation_that_has_an_address(sqlite_app: Flask) -> None:
    met = {(call.door, call.place) for call in calls(sqlite_app)} | {("web", "rq_dashboard.*")}

    assert len(met) > 250
    assert {
        (door, one) for each in OPERATIONS for door in ("web", "api") for one in getattr(each, door)
    } <= met


def may(who: str, call: Call) -> bool:
    """Say whether `who` may, as the table has it."""
    return ORDER.index("" if who == "nobody" else who) >= ORDER.index(role_of(call.door, call.place))


def is_shut(status: int, call: Call, who: str) -> bool:
    if who == "nobody":
        return status == (303 if call.method in READING else 401)
    return status == 403


def is_refused_for_all(call: Call) -> bool:
    return call.place.startswith("rq_dashboard.") and (
        call.method not in READING or call.place.endswith(OF_RQ)
    )


def visitor(app: Flask, who: str) -> Browser:
    browser = Browser(app)
    if who != "nobody":
        create_user(f"{who}@school.example", who, who, PASSWORD)
        browser.sign_in(f"{who}@school.example")
    return browser


def token(who: str) -> str:
    create_user(f"{who}@school.example", who, who, PASSWORD)
    return make_token(f"{who}@school.example", "walk", who, actor="test")[1]


def ask(app: Flask, call: Call, headers: dict[str, str]) -> int:
    return app.test_client().open(call.path, method=call.method, headers=headers).status_code


@pytest.fixture(autouse=True)
def unhurried(change_settings: Callable[..., None]) -> None:
    """Let the limit on calls not end the walk."""
    change_settings(api_rate_limit=100_000)
