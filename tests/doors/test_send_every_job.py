"""Every job of the catalog can be sent through each door, and what does not fit it is refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from html import unescape
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import ScriptInfo

from edupulse.accounts.tokens import make_token
from edupulse.accounts.users import create_user
from edupulse.cli import PLACES
from edupulse.cli.command import Root
from edupulse.control import schedule
from edupulse.control.catalog import JobSpec, current_catalog
from edupulse.control.models import JobRun
from edupulse.control.parameters import Parameter, parameters
from edupulse.database import db
from edupulse.upkeep.classes import KEYS
from tests.rows import a_schedule
from tests.web.conftest import PASSWORD, Browser, words_of

ADA = "ada@school.example"
FITS: dict[str, Any] = {
    "integer": 1,
    "number": 1.5,
    "string": "",
    "boolean": True,
    "array": [1],
    "object": {},
}
NAMED: dict[str, Any] = {"classes": list(KEYS[:1]), "start": "", "month": "2026-03"}
WRONG: dict[str, Any] = {"integer": "seven", "string": 7, "boolean": "perhaps", "array": "none", "object": 7}
Send = Callable[[JobSpec, dict[str, Any]], tuple[bool, str]]


@pytest.fixture
def doors(sqlite_app: Flask, change_settings: Callable[..., None], redis: object) -> dict[str, Send]:
    """Ways to send a job: each says whether it was accepted, and what was answered."""
    change_settings(api_rate_limit=100_000)
    create_user(ADA, "Ada", "operator", PASSWORD)
    browser, client = Browser(sqlite_app), sqlite_app.test_client()
    browser.sign_in(ADA)
    form = {"csrf_token": browser.token()}  # read once: the page that has it takes longer than the order
    headers = {"Authorization": f"Bearer {token()}"}

    def page(spec: JobSpec, arguments: dict[str, Any]) -> tuple[bool, str]:
        typed = {f"argument-{name}": as_typed(value) for name, value in arguments.items()}
        answer = browser.post_without_token(f"/jobs/send/{spec.name}", {**form, **typed})
        assert answer.status_code in (303, 422), (spec.name, answer.status_code)
        return answer.status_code == 303, answer.text

    def call(spec: JobSpec, arguments: dict[str, Any]) -> tuple[bool, str]:
        body = {"name": spec.name, "arguments": arguments}
        answer = client.post("/api/v1/jobs/", json=body, headers=headers)
        assert answer.status_code in (202, 422), (spec.name, answer.status_code, answer.text)
        return answer.status_code == 202, answer.text

    def command(spec: JobSpec, arguments: dict[str, Any]) -> tuple[bool, str]:
        done = run(sqlite_app, "jobs", "send", spec.name, "--kwargs", json.dumps(arguments))
        return done.exit_code == 0, done.output

    return {"page": page, "call": call, "command": command}


def test_each_job_can_be_sent_through_each_door_with_what_it_takes(doors: dict[str, Send]) -> None:
    refused = {}
    for spec in jobs():
        arguments = {each.name: fitting(each) for each in parameters(spec)}
        for door, send in doors.items():
            accepted, answer = send(spec, arguments)
            if not accepted:
                refused[spec.name, door] = answer

    assert refused == {}
    db.session.rollback()
    sent = [(each.name, each.arguments) for each in db.session.query(JobRun)]
    for spec in jobs():
        given = [arguments for name, arguments in sent if name == spec.name]
        assert given == [{each.name: fitting(each) for each in parameters(spec)}] * len(doors), spec.name


def test_what_does_not_fit_is_refused_by_its_name_through_each_door(doors: dict[str, Send]) -> None:
    passed = []
    for spec in jobs():
        fits = {each.name: fitting(each) for each in parameters(spec)}
        for wrong in parameters(spec):
            for door, send in doors.items():
                if door == "page" and wrong.kind == "string":
                    continue  # whatever is typed is a text
                accepted, answer = send(spec, {**fits, wrong.name: WRONG[wrong.kind]})
                if accepted or f"{wrong.name} must be {wrong.words}" not in answer:
                    passed.append((spec.name, wrong.name, door, answer[:200]))

    assert passed == []
    assert db.session.query(JobRun).count() == 0


SENSELESS = {
    "finance.calculate_monthly_revenue": {"month": "banana"},
    "reports.hourly": {"start": "2026-03-12"},
    "reports.daily": {"start": "banana"},
    "reports.weekly": {"start": "2026-13-01"},
    "reports.monthly": {"start": "March"},
    "upkeep.cleanup_expired_data": {"classes": ["nonsense"]},
    "diagnostics.long_running": {"seconds": 99_999},
}


def test_a_value_that_can_never_succeed_is_refused_before_it_is_accepted(doors: dict[str, Send]) -> None:
    passed = []
    for spec in jobs():
        for name, value in SENSELESS.get(spec.name, {}).items():
            fits = {each.name: fitting(each) for each in parameters(spec)}
            for door, send in doors.items():
                accepted, answer = send(spec, {**fits, name: value})
                if accepted or f"{name}" not in answer:
                    passed.append((spec.name, name, door, answer[:200]))

    assert passed == []
    assert db.session.query(JobRun).count() == 0


def test_what_is_missing_or_too_much_is_refused_by_its_name(doors: dict[str, Send]) -> None:
    passed = []
    for spec in jobs():
        fits = {each.name: fitting(each) for each in parameters(spec)}
        first = next((each.name for each in parameters(spec) if each.required), "")
        words = {
            "call": [({**fits, "banana": 1}, "banana")]
            + [({}, f"missing a required argument: '{first}'")] * bool(first),
            "page": [({}, f"{first} is missing")] * bool(first),
        }
        words["command"] = words["call"]
        for door, tries in words.items():
            for arguments, said in tries:
                accepted, answer = doors[door](spec, arguments)
                if accepted or said not in unescape(answer):
                    passed.append((spec.name, said, door, answer[:200]))

    assert passed == []


def test_each_door_lists_each_job_with_its_queue_limits_tries_next_five_runs_and_a_sentence(
    sqlite_app: Flask, now: datetime
) -> None:
    schedule.sync(now)
    for name in ("mailbox-1", "mailbox-2"):
        a_schedule(name, job="mailboxes.poll")
    create_user(ADA, "Ada", "operator", PASSWORD)
    browser, headers = Browser(sqlite_app), {"Authorization": f"Bearer {token()}"}
    browser.sign_in(ADA)

    page = words_of(browser.get("/jobs/send"))
    called = sqlite_app.test_client().get("/api/v1/jobs/registered/", headers=headers).json
    typed = json.loads(run(sqlite_app, "jobs", "registered", "--json").output)

    assert called is not None
    for spec, by_api, by_cli in zip(jobs(), called["items"], typed, strict=True):
        assert f"{spec.name} {spec.summary}" in page
        assert len(spec.summary) > 10
        assert spec.summary.endswith(".")
        for facts in (by_api, by_cli):
            limits = facts["soft_limit_seconds"], facts["hard_limit_seconds"], facts["retries"]
            assert limits == (spec.soft_limit_seconds, spec.hard_limit_seconds, spec.retries), spec.name
            assert (facts["name"], facts["queue"]) == (spec.name, spec.queue)
        times = [by_api["schedule"], *by_cli["schedules"]] if spec.timing else []
        assert [len(each["upcoming"]) for each in times] == [5] * len(times)
        assert by_api["schedule_count"] == len(by_cli["schedules"])
        assert bool(times) == bool(by_api["schedule"]), spec.name


def token() -> str:
    return make_token(ADA, "x", "operator", actor="test")[1]


def run(app: Flask, *words: str) -> Result:
    return CliRunner().invoke(Root("edupulse", PLACES), words, obj=ScriptInfo(create_app=lambda: app))


def jobs() -> list[JobSpec]:
    return list(current_catalog().specs.values())


def fitting(each: Parameter) -> Any:
    return NAMED.get(each.name, FITS.get(each.kind, 1))


def as_typed(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
