"""What becomes of the jobs: counts and times of a period, failures by cause, and what can be done about them."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from edupulse.control.fingerprint import fingerprint
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.web.charts import SPREAD_WIDTH, spread
from edupulse.web.monitor import totals
from tests.rows import a_run
from tests.web.conftest import Browser, words_of

pytestmark = pytest.mark.usefixtures("now")
REFUSED = "[Errno 111] Connection refused"


def a_failure(run_id: str, name: str = "mail.deliver", message: str = REFUSED, **values: object) -> None:
    mark = fingerprint(name, "ConnectionRefusedError", message)
    facts = {"queue": "email", "error_class": "ConnectionRefusedError", "error_message": message, **values}
    a_run(run_id, "failed", name=name, error_fingerprint=mark, **facts)


def test_a_quiet_time_says_so(viewer: Browser) -> None:
    page = words_of(viewer.get("/monitor"))

    assert "Nothing failed in this time" in page
    assert "No job was accepted in this time" in page


def test_runs_are_counted_by_job_with_their_times(viewer: Browser, now: datetime) -> None:
    for number in range(4):
        begun = now - timedelta(minutes=5)
        a_run(
            f"run-{number}", created_at=begun, available_at=begun, started_at=begun, ended_at=now, attempts=1
        )
    a_failure("bad-1")

    page = words_of(viewer.get("/monitor"))

    assert "Accepted 5 Finished 4 Failed 1 Failure rate 20 %" in page
    assert "diagnostics.ping default 4 none" in page
    assert "mail.deliver email 1 100 % 1" in page


def test_what_was_accepted_before_the_period_is_left_out(viewer: Browser, now: datetime) -> None:
    a_run("old", created_at=now - timedelta(days=3))

    assert "Accepted 0" in words_of(viewer.get("/monitor"))
    assert "Accepted 1" in words_of(viewer.get("/monitor?period=week"))
    assert "Accepted 0" in words_of(viewer.get("/monitor?period=week&name=mail.deliver"))
    assert "Accepted 0" in words_of(viewer.get("/monitor?period=nonsense"))


def test_failures_of_one_cause_are_one_line_with_cause_and_cure(viewer: Browser) -> None:
    a_failure("bad-1"), a_failure("bad-2"), a_failure("bad-3", "reminders.check", "no such table: event")

    page = words_of(viewer.get("/monitor"))

    assert "2 causes" in page
    assert "mail.deliver Still failing The other server does not accept connections" in page
    assert "2 times" in page


def test_an_operator_tries_all_failures_of_one_cause_again_and_no_others(operator: Browser) -> None:
    a_failure("bad-1"), a_failure("bad-2"), a_failure("other", message="something else entirely")
    link = next(
        part.split('"')[0].replace("&amp;", "&")
        for part in operator.get("/monitor").text.split('href="')
        if part.startswith("/jobs/retries")
        and fingerprint("mail.deliver", "ConnectionRefusedError", REFUSED) in part
    )

    asked = operator.get(link)
    fields = dict(pair.split("=", 1) for pair in link.partition("?")[2].split("&"))
    operator.post(
        "/jobs/retries", {**fields, "since": fields["since"].replace("%3A", ":").replace("%2B", "+")}
    )

    assert "Try 2 runs again?" in words_of(asked)
    states = {run.id: run.state for run in db.session.scalars(select(JobRun))}
    assert states == {"bad-1": "queued", "bad-2": "queued", "other": "failed"}


def test_what_was_interrupted_asks_for_a_decision(operator: Browser, viewer: Browser) -> None:
    a_run("run-1", "interrupted", name="mail.pump")

    assert "/jobs/retries?state=interrupted" in operator.get("/monitor").text
    assert "Waits for your decision" in words_of(viewer.get("/monitor"))
    assert "/jobs/retries" not in viewer.get("/monitor").text


def test_all_that_wait_for_a_decision_are_to_be_found(viewer: Browser) -> None:
    for number in range(6):
        a_run(f"run-{number}", "interrupted", name="mail.pump")

    assert 'href="/jobs?state=interrupted"' in viewer.get("/monitor").text


def test_the_bar_of_times_goes_from_ten_milliseconds_to_an_hour() -> None:
    placed = spread(SimpleNamespace(p50=0.001, p95=6.0, p99=7200.0))

    assert (placed.half, placed.nearly_all) == (0, SPREAD_WIDTH)
    assert placed.most == pytest.approx(SPREAD_WIDTH / 2, abs=0.1)


def test_what_was_called_off_is_no_failure() -> None:
    line = SimpleNamespace(accepted=9, finished=3, failed=1, cancelled=5, open=0, retried=0)

    assert totals([line]).failure_rate == 0.25
    assert totals([]).failure_rate is None
