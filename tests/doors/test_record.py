"""The same act behind each door leaves the same entry in the audit log, under the name of who did it."""

from __future__ import annotations

from click.testing import CliRunner
from flask import Flask
from flask.cli import ScriptInfo

from edupulse.accounts.models import AuditEntry
from edupulse.accounts.tokens import make_token
from edupulse.accounts.users import create_user
from edupulse.cli import PLACES
from edupulse.cli.command import Root
from edupulse.database import db
from tests.web.conftest import PASSWORD, Browser

ADA = "ada@school.example"


def test_a_job_that_is_sent_is_on_record_whichever_door_it_came_through(sqlite_app: Flask) -> None:
    create_user(ADA, "Ada", "operator", PASSWORD)
    browser, headers = (
        Browser(sqlite_app),
        {"Authorization": f"Bearer {make_token(ADA, 'x', 'operator', actor='')[1]}"},
    )
    browser.sign_in(ADA)
    words = ["jobs", "send", "diagnostics.ping", "note=hi"]

    page = browser.post("/jobs/send/diagnostics.ping", {"argument.note": "hi"})
    call = sqlite_app.test_client().post("/api/v1/jobs/", json={"name": "diagnostics.ping"}, headers=headers)
    command = CliRunner().invoke(
        Root("edupulse", PLACES), words, obj=ScriptInfo(create_app=lambda: sqlite_app)
    )

    assert (page.status_code, call.status_code, command.exit_code) == (303, 202, 0), command.output
    db.session.rollback()
    entries = db.session.query(AuditEntry).filter_by(action="job.send").order_by(AuditEntry.id).all()
    assert [entry.actor.partition(":")[0] for entry in entries] == [ADA, ADA, "cli"]


def test_a_sync_is_on_record_with_what_it_changed_whichever_door_it_came_through(sqlite_app: Flask) -> None:
    create_user(ADA, "Ada", "operator", PASSWORD)
    headers = {"Authorization": f"Bearer {make_token(ADA, 'x', 'operator', actor='')[1]}"}
    client, browser = sqlite_app.test_client(), Browser(sqlite_app)
    browser.sign_in(ADA)

    calls = [client.post(f"/api/v1/{noun}/sync/", headers=headers) for noun in ("schedules", "mailboxes")]
    calls.append(client.post("/admin/workers/sync-email-tasks", headers=headers))
    pages = [browser.post(f"/{noun}/synchronisations", {}) for noun in ("schedules", "mailboxes")]

    assert [each.status_code for each in calls + pages] == [200, 200, 200, 303, 303]
    db.session.rollback()
    entries = db.session.query(AuditEntry).filter(AuditEntry.action.endswith(".sync")).order_by(AuditEntry.id)
    subjects = [entry.subject for entry in entries]
    assert subjects == ["schedules", "mailboxes", "mailboxes", "schedules", "mailboxes"]
    assert {entry.actor for entry in entries} == {ADA}
    assert [set(entry.facts) for entry in entries] == [{"added", "removed", "updated", "total"}] * 5


def test_what_a_new_event_was_given_is_on_record(sqlite_app: Flask) -> None:
    create_user(ADA, "Ada", "operator", PASSWORD)
    headers = {"Authorization": f"Bearer {make_token(ADA, 'x', 'operator', actor='')[1]}"}
    words = {
        "title": "Lesson",
        "starts": "2027-03-12T16:00",
        "ends": "2027-03-12T17:00",
        "location": "Room 1",
    }

    answer = sqlite_app.test_client().post("/api/v1/events/", json=words, headers=headers)

    assert answer.status_code == 201, answer.json
    db.session.rollback()
    entry = db.session.query(AuditEntry).filter_by(action="event.create").one()
    assert (entry.after["title"], entry.after["location"]) == ("Lesson", "Room 1")
