"""What runs by itself: in words, with its next runs, and a switch for operators."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from edupulse.accounts.models import AuditEntry
from edupulse.control.models import Schedule
from edupulse.database import db
from tests.rows import a_schedule
from tests.web.conftest import Browser, words_of

pytestmark = pytest.mark.usefixtures("now")


def test_before_the_first_start_it_says_where_schedules_come_from(viewer: Browser) -> None:
    assert "Nothing is scheduled yet" in words_of(viewer.get("/schedules"))


def test_a_schedule_is_said_in_words_with_five_next_runs(viewer: Browser) -> None:
    a_schedule()

    page = words_of(viewer.get("/schedules"))

    assert "every minute" in page
    assert "Today 09:01 UTC in 1 min then 09:02 , 09:03 , 09:04 , 09:05" in page


def test_a_late_and_a_failing_schedule_are_marked(viewer: Browser, now: datetime) -> None:
    a_schedule("mail.sweep", next_at=now - timedelta(minutes=5))
    a_schedule("reminders.plan", failures=3, last_error="no such rule")

    page = words_of(viewer.get("/schedules"))

    assert "mail.sweep Late" in page
    assert "reminders.plan 3 failures no such rule" in page


def test_an_operator_pauses_and_resumes_it(operator: Browser) -> None:
    a_schedule()

    operator.post("/schedules/reminders.check/pause")
    assert "none while paused" in words_of(operator.get("/schedules"))
    operator.post("/schedules/reminders.check/resumption")

    assert db.session.get_one(Schedule, "reminders.check").enabled
    actions = list(
        db.session.scalars(select(AuditEntry.action).where(AuditEntry.subject == "schedule:reminders.check"))
    )
    assert actions == ["schedule.pause", "schedule.resume"]


def test_a_viewer_has_no_switch(viewer: Browser) -> None:
    a_schedule()

    assert "/pause" not in viewer.get("/schedules").text
    assert viewer.post("/schedules/reminders.check/pause").status_code == 403


def test_an_unknown_schedule_is_not_found(operator: Browser) -> None:
    assert operator.post("/schedules/nothing/pause").status_code == 404
