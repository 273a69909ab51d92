"""What runs by itself: in words, with its next runs, and a switch for operators."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from edupulse.accounts.models import AuditEntry
from edupulse.control.models import JobRun, Schedule
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


FORM = {
    "by": "cron",
    "cron": "30 6 * * *",
    "timezone": "UTC",
    "misfire": "once",
    "max_lateness_seconds": "3600",
    "overlap": "skip",
}


def the_schedule(name: str = "reminders.check") -> Schedule:
    return db.session.get_one(Schedule, name, populate_existing=True)


def test_the_page_of_one_shows_its_next_five_runs(viewer: Browser) -> None:
    a_schedule()

    page = words_of(viewer.get("/schedules/reminders.check"))

    assert "Every minute" in page
    assert "5 Today 09:05 UTC in 5 min" in page
    assert "Change it" not in page


def test_an_operator_changes_when_it_runs_and_sees_what_comes_of_it(operator: Browser) -> None:
    a_schedule()

    answer = operator.post("/schedules/reminders.check", FORM)

    assert (answer.status_code, answer.location) == (303, "/schedules/reminders.check")
    page = words_of(operator.get("/schedules/reminders.check"))
    assert "Daily at 06:30 (UTC)" in page
    assert "1 Tomorrow 06:30 UTC" in page
    assert "By default it runs every minute. Changed here: cron." in page
    assert "reminders.check Changed" in words_of(operator.get("/schedules"))
    assert "schedule.change" in page


def test_an_interval_takes_the_place_of_the_clock_and_reset_brings_it_back(operator: Browser) -> None:
    a_schedule()

    operator.post("/schedules/reminders.check", {**FORM, "by": "interval", "interval_seconds": "300"})
    assert (the_schedule().cron, the_schedule().interval_seconds) == (None, 300)
    operator.post("/schedules/reminders.check/reset")

    assert (the_schedule().cron, the_schedule().interval_seconds) == ("* * * * *", None)
    assert the_schedule().changed == {}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"cron": "99 * * * *"}, "The cron field"),
        ({"cron": ""}, "The cron expression is missing"),
        ({"timezone": "Europe/Atlantis"}, "is not a known time zone"),
        ({"max_lateness_seconds": "soon"}, "must be a whole number"),
        ({"by": "interval", "interval_seconds": ""}, "The number of seconds is missing"),
        ({"misfire": "twice"}, "misfire cannot be"),
    ],
)
def test_what_cannot_be_comes_back_and_changes_nothing(
    operator: Browser, wrong: dict[str, str], words: str
) -> None:
    a_schedule()

    refused = operator.post("/schedules/reminders.check", {**FORM, "overlap": "allow", **wrong})

    assert (refused.status_code, words in words_of(refused)) == (422, True)
    assert 'value="allow" checked' in refused.text
    assert the_schedule().cron == "* * * * *"


def test_it_runs_once_now_and_the_clock_stays(operator: Browser) -> None:
    a_schedule()
    before = the_schedule().next_at

    answer = operator.post("/schedules/reminders.check/runs")

    run = db.session.scalars(select(JobRun)).one()
    assert (run.name, run.actor) == ("reminders.check", "operator@school.example")
    assert answer.location == f"/jobs/{run.id}"
    assert the_schedule().next_at == before
    assert operator.post("/schedules/reminders.check/runs").status_code == 409


def test_the_timetable_is_synchronised_by_hand(operator: Browser) -> None:
    operator.post("/schedules/synchronisations")

    page = words_of(operator.get("/schedules"))
    assert "The timetable is right" in page
    assert "reminders.check" in page


def test_a_viewer_changes_nothing_and_an_unknown_one_is_not_found(viewer: Browser) -> None:
    a_schedule()

    assert viewer.post("/schedules/reminders.check", FORM).status_code == 403
    assert viewer.get("/schedules/nothing").status_code == 404
