"""A job that somebody sends is checked, accepted and on record."""

from __future__ import annotations

import pytest
from flask import Flask

from edupulse.accounts.audit import entries_of
from edupulse.control.models import JobRun
from edupulse.control.sending import send
from edupulse.database import db
from edupulse.errors import Invalid

ADA = "ada@school.example"


def test_what_was_sent_is_on_record_under_its_run(sqlite_app: Flask) -> None:
    run = send("diagnostics.ping", {"note": "Zoë"}, actor=ADA, unique_key="only one")

    (entry,) = entries_of(f"job:{run.id}")
    assert (entry.actor, entry.action) == (ADA, "job.send")
    assert entry.detail == {"name": "diagnostics.ping", "unique_key": "only one"}


def test_what_does_not_fit_is_not_accepted(sqlite_app: Flask) -> None:
    with pytest.raises(Invalid, match="note must be a text"):
        send("diagnostics.ping", {"note": 7}, actor=ADA)

    assert db.session.query(JobRun).count() == 0
