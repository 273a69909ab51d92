"""Mailboxes through the API: added, shown without secrets, changed, tried, polled, switched, removed, synced."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from redis import Redis

from edupulse.accounts.audit import entries_of
from edupulse.api.mailbox_words import draft_from
from edupulse.control.models import JobRun, Schedule
from edupulse.database import db
from edupulse.mailboxes import accounts
from edupulse.mailboxes.drafts import MailboxDraft
from edupulse.mailboxes.models import Mailbox
from tests.api.conftest import Program, problem
from tests.api.inbound import add_mailbox

PASSWORD = "correct horse battery"
BOX: dict[str, Any] = {
    "name": "Office",
    "host": "imap.school.example",
    "username": "office@school.example",
    "password": PASSWORD,
    "staff": ["anna@school.example"],
    "interval_seconds": 120,
}


@pytest.fixture
def made(operator: Program, redis: Redis) -> dict[str, Any]:
    """A mailbox that was added through the API."""
    response = operator.post("/mailboxes/", BOX)
    assert response.status_code == 201, response.get_json()
    return dict(response.get_json())


def test_a_mailbox_is_added_shown_and_listed_with_its_health_and_without_its_password(
    operator: Program, viewer: Program, made: dict[str, Any]
) -> None:
    shown = viewer.get(f"/mailboxes/{made['id']}/")
    listed = viewer.get("/mailboxes/")

    assert listed.get_json() == {"items": [shown.get_json()]}
    assert shown.get_json() == made
    assert {**made, **{name: value for name, value in BOX.items() if name != "password"}} == made
    assert (made["port"], made["security"], made["revision"]) == (993, "tls", 0)
    assert made["health"]["state"] == "new"
    assert "password" not in made
    assert PASSWORD not in shown.text + listed.text


def test_a_new_mailbox_is_scheduled_at_once(made: dict[str, Any]) -> None:
    row = db.session.get_one(Schedule, f"mailbox-{made['id']}")

    assert (row.job, row.interval_seconds, row.arguments) == (
        "mailboxes.poll",
        120,
        {"mailbox_id": made["id"]},
    )


def test_what_is_named_is_changed_and_the_rest_stays(operator: Program, made: dict[str, Any]) -> None:
    changed = operator.patch(f"/mailboxes/{made['id']}/", {"interval_seconds": 300, "revision": 0}).get_json()

    assert (changed["interval_seconds"], changed["revision"]) == (300, 1)
    assert changed["staff"] == made["staff"]
    assert db.session.get_one(Mailbox, made["id"]).password_sealed is not None
    assert db.session.get_one(Schedule, f"mailbox-{made['id']}").interval_seconds == 300


def test_who_was_overtaken_is_told(operator: Program, made: dict[str, Any]) -> None:
    operator.patch(f"/mailboxes/{made['id']}/", {"interval_seconds": 300})

    late = operator.patch(f"/mailboxes/{made['id']}/", {"interval_seconds": 60, "revision": 0})

    assert (late.status_code, problem(late)["code"]) == (409, "conflict")


def test_what_was_changed_is_on_record_as_it_was_and_as_it_is_without_secrets(
    operator: Program, made: dict[str, Any]
) -> None:
    operator.patch(f"/mailboxes/{made['id']}/", {"interval_seconds": 300, "password": "another secret"})

    detail = entries_of(f"mailbox:{made['id']}")[0].detail
    assert (detail["before"], detail["after"]) == ({"interval_seconds": 120}, {"interval_seconds": 300})
    assert set(detail["changed"]) == {"interval_seconds", "password"}
    assert "another secret" not in str(detail)


def test_a_usual_port_follows_the_encryption_and_a_chosen_one_stays(
    operator: Program, made: dict[str, Any]
) -> None:
    address = f"/mailboxes/{made['id']}/"

    assert operator.patch(address, {"security": "starttls"}).get_json()["port"] == 143
    assert operator.patch(address, {"port": 1143}).get_json()["port"] == 1143
    assert operator.patch(address, {"security": "tls"}).get_json()["port"] == 1143


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"host": ""}, "server"),
        ({"interval_seconds": 1}, "interval"),
        ({"interval_seconds": "60"}, "“interval_seconds” must be a whole number"),
        ({"staff": [7]}, "“staff.0” must be a text"),
        ({"staff": ["nobody"]}, "not a usable e-mail address"),
        ({"security": "secret"}, "“security” must be"),
        ({"name": "a\0b"}, "“name” holds a character that cannot be stored"),
        ({"colour": "red"}, "“colour” is not known"),
    ],
)
def test_what_cannot_be_used_is_named(operator: Program, wrong: dict[str, Any], said: str) -> None:
    refused = operator.post("/mailboxes/", {**BOX, **wrong})

    assert (refused.status_code, problem(refused)["code"]) == (422, "invalid")
    assert said in problem(refused)["message"]
    assert db.session.query(Mailbox).count() == 0


def test_one_is_switched_off_and_on_and_its_schedule_goes_and_comes(
    operator: Program, made: dict[str, Any]
) -> None:
    name = f"mailbox-{made['id']}"

    off = operator.post(f"/mailboxes/{made['id']}/disable/").get_json()
    gone = db.session.get(Schedule, name)
    on = operator.post(f"/mailboxes/{made['id']}/enable/").get_json()

    assert (off["enabled"], off["health"]["state"], gone) == (False, "disabled", None)
    assert (on["enabled"], db.session.get_one(Schedule, name).enabled) == (True, True)


def test_a_removed_one_is_gone_from_the_list_and_from_the_clock(
    operator: Program, made: dict[str, Any]
) -> None:
    assert operator.delete(f"/mailboxes/{made['id']}/").get_json() == {"removed": made["id"]}

    assert operator.get("/mailboxes/").get_json() == {"items": []}
    assert operator.get(f"/mailboxes/{made['id']}/").status_code == 404
    assert db.session.get(Schedule, f"mailbox-{made['id']}") is None


@pytest.mark.parametrize("order", ["poll", "audit"])
def test_a_poll_and_an_audit_are_ordered_once_and_are_on_record(
    operator: Program, made: dict[str, Any], order: str
) -> None:
    first, second = (operator.post(f"/mailboxes/{made['id']}/{order}/") for _ in range(2))

    assert (first.status_code, first.get_json()["name"]) == (202, f"mailboxes.{order}")
    assert first.get_json()["job_id"] == second.get_json()["job_id"]
    assert db.session.get_one(JobRun, first.get_json()["job_id"]).state == "queued"
    assert entries_of(f"mailbox:{made['id']}")[0].actor == "operator@school.example"


def test_one_that_is_switched_off_is_not_polled_by_hand(operator: Program, redis: Redis) -> None:
    mailbox = add_mailbox(enabled=False)

    assert operator.post(f"/mailboxes/{mailbox.id}/poll/").status_code == 409


def closed_port() -> int:
    """Return a port of this machine at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_the_connection_is_tried_step_by_step(operator: Program, made: dict[str, Any]) -> None:
    operator.patch(
        f"/mailboxes/{made['id']}/",
        {"host": "127.0.0.1", "port": closed_port(), "security": "none", "password": PASSWORD},
    )

    tried = operator.post(f"/mailboxes/{made['id']}/test/").get_json()

    assert tried["ok"] is False
    assert set(tried["steps"][-1]) == {"name", "ok", "words", "cure", "ms"}
    assert [step["ok"] for step in tried["steps"]] == [True] * (len(tried["steps"]) - 1) + [False]
    assert tried["steps"][-1]["cure"]


def test_what_is_not_stored_is_tried_too_and_stays_unstored(operator: Program, redis: Redis) -> None:
    values = {**BOX, "host": "127.0.0.1", "port": closed_port(), "security": "none"}

    tried = operator.post("/mailboxes/test/", values).get_json()

    assert tried["ok"] is False
    assert db.session.query(Mailbox).count() == 0


def test_a_sync_answers_with_the_numbers_of_mailboxes(operator: Program, redis: Redis) -> None:
    add_mailbox(name="Another")
    add_mailbox(name="Off", enabled=False, username="off@school.example")

    first, second = (operator.post("/mailboxes/sync/").get_json() for _ in range(2))

    assert first == {"added": 1, "removed": 0, "updated": 0, "total": 1}
    assert second == {"added": 0, "removed": 0, "updated": 0, "total": 1}


@pytest.mark.parametrize("path", ["/mailboxes/7/", "/mailboxes/7/poll/", "/mailboxes/7/test/"])
def test_a_mailbox_that_there_is_not_is_not_found(sqlite_app: Flask, operator: Program, path: str) -> None:
    response = operator.call("GET" if path == "/mailboxes/7/" else "POST", path)

    assert (response.status_code, problem(response)["code"]) == (404, "not_found")


def test_of_two_changes_at_once_neither_undoes_the_other(
    operator: Program, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_slowly(body: Any, before: MailboxDraft) -> MailboxDraft:
        accounts.change(made["id"], replace(before, folder="Archive"), actor="ada@school.example")
        return draft_from(body, before)

    monkeypatch.setattr("edupulse.api.mailboxes.draft_from", read_slowly)

    refused = operator.patch(f"/mailboxes/{made['id']}/", {"interval_seconds": 60})

    assert (refused.status_code, problem(refused)["code"]) == (409, "conflict")
    assert operator.get(f"/mailboxes/{made['id']}/").get_json()["folder"] == "Archive"
