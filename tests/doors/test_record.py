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
