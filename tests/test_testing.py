"""The helpers for tests of code that enqueues: in memory or on disk, without Redis."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from edupulse import clock, create_app
from edupulse.clock import now
from edupulse.control.catalog import JobSpec, Timing
from edupulse.control.enqueue import enqueue
from edupulse.control.models import JobRun, Pause
from edupulse.control.schedule import pause
from edupulse.database import db
from edupulse.errors import Invalid, Unavailable
from edupulse.testing import inline, recorded, run_due, travel
from edupulse.transaction import transaction
from jobs.catalog import CATALOG
from jobs.recorded import recorded as job
from tests.conftest import MakeSettings
from tests.examples import python_of

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
seen: list[Any] = []


@job
def note(text: str) -> str:
    seen.append((text, now()))
    return text.upper()


@job
def note_twice(text: str) -> None:
    with transaction():
        enqueue("t.note", text=f"{text} again")
        seen.append((text, now()))


@job
def refuse() -> None:
    raise Unavailable("The server is away.")


@job
def later() -> None:
    enqueue("t.note", not_before=now() + timedelta(minutes=90), text="later")


TESTED = (
    JobSpec("t.note", note, "default", "Note a text."),
    JobSpec("t.note_twice", note_twice, "default", "Note a text, and once more."),
    JobSpec("t.refuse", refuse, "default", "Fail."),
    JobSpec("t.later", later, "default", "Note something later.", Timing(cron="0 6 * * *")),
)


@pytest.fixture(params=["memory", "disk"])
def tested(request: pytest.FixtureRequest, make_settings: MakeSettings) -> Iterator[Flask]:
    """An application as a user's own conftest makes it; nobody listens at its REDIS_URL."""
    where = {"DATABASE_URL": "sqlite:///:memory:"} if request.param == "memory" else {}
    app = create_app(make_settings(TIMEZONE="Europe/Berlin", **where), catalog=TESTED, serving=False)
    seen.clear()
    with app.app_context():
        db.create_all()
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def whole(make_settings: MakeSettings) -> Iterator[Flask]:
    """The application with its real catalog."""
    app = create_app(
        make_settings(TIMEZONE="Europe/Berlin", DATABASE_URL="sqlite:///:memory:"),
        catalog=CATALOG,
        serving=False,
    )
    with app.app_context():
        db.create_all()
        yield app
        db.session.remove()
        db.engine.dispose()


def texts() -> list[str]:
    return [text for text, _ in seen]


def states() -> dict[str, str]:
    db.session.rollback()
    return {run.name: run.state for run in db.session.scalars(select(JobRun))}


def test_an_inline_job_is_done_when_enqueue_returns(tested: Flask) -> None:
    with inline():
        run = enqueue("t.note", text="hello")

    assert (run.state, run.result, run.attempts) == ("finished", "HELLO", 1)


def test_an_inline_job_waits_for_the_commit(tested: Flask) -> None:
    with inline(), transaction():
        enqueue("t.note", text="hello")
        assert texts() == []

    assert texts() == ["hello"]


def test_an_inline_job_that_was_rolled_back_never_runs(tested: Flask) -> None:
    with inline(), pytest.raises(RuntimeError), transaction():
        enqueue("t.note", text="hello")
        raise RuntimeError

    assert texts() == []


def test_what_an_inline_job_enqueues_runs_after_it(tested: Flask) -> None:
    with inline():
        enqueue("t.note_twice", text="hello")

    assert texts() == ["hello", "hello again"]


def test_the_error_of_an_inline_job_is_raised_and_stands_in_the_ledger(tested: Flask) -> None:
    with inline(), pytest.raises(Unavailable, match="The server is away"):
        enqueue("t.refuse")

    assert states() == {"t.refuse": "deferred"}


def test_the_error_of_an_inline_job_can_be_left_to_the_ledger(tested: Flask) -> None:
    with inline(raising=False):
        run = enqueue("t.refuse")

    assert (run.state, run.error_class) == ("deferred", "Unavailable")


def test_recorded_jobs_do_not_run(tested: Flask) -> None:
    with recorded() as jobs:
        enqueue("t.note", text="hello")

    assert texts() == []
    assert jobs.assert_enqueued("t.note", text="hello").state == "queued"
    jobs.assert_not_enqueued("t.note", text="bye")


def test_a_recording_knows_nothing_of_what_was_there_before(tested: Flask) -> None:
    with recorded():
        enqueue("t.note", text="before")

    with recorded() as jobs:
        pass

    jobs.assert_not_enqueued("t.note")


def test_a_wrong_expectation_is_told_what_was_enqueued_instead(tested: Flask) -> None:
    with recorded() as jobs:
        enqueue("t.note", text="hello")

    with pytest.raises(
        AssertionError, match=r"t\.note\(text='bye'\) was not enqueued, but t\.note\(text='hello'\)\."
    ):
        jobs.assert_enqueued("t.note", text="bye")
    with pytest.raises(AssertionError, match=r"should not be enqueued, but t\.note\(text='hello'\) was\."):
        jobs.assert_not_enqueued("t.note")


def test_an_empty_recording_says_so(tested: Flask) -> None:
    with recorded() as jobs:
        pass

    with pytest.raises(AssertionError, match="was not enqueued, but nothing"):
        jobs.assert_enqueued("t.note")


def test_what_is_due_runs_by_priority_and_what_is_not_due_waits(tested: Flask) -> None:
    with recorded():
        enqueue("t.note", text="normal")
        enqueue("t.note", text="urgent", priority=1)
        enqueue("t.note", text="tomorrow", not_before=now() + timedelta(days=1))

    done = run_due()

    assert texts() == ["urgent", "normal"]
    assert [run.arguments["text"] for run in done] == ["urgent", "normal"]


def test_the_order_of_arrival_is_kept_while_the_clock_stands_still(tested: Flask) -> None:
    words = [f"{number}" for number in range(12)]

    with clock.frozen(NEW_YEAR), recorded() as jobs:
        for word in words:
            enqueue("t.note", text=word)
        run_due()

    assert texts() == words
    assert [run.arguments["text"] for run in jobs.runs] == words


def test_what_is_due_later_runs_when_its_time_has_come(tested: Flask) -> None:
    with recorded():
        enqueue("t.note", text="tomorrow", not_before=now() + timedelta(days=1))

    with clock.frozen(now() + timedelta(days=2)):
        run_due()

    assert texts() == ["tomorrow"]


def test_run_due_leaves_alone_what_a_pause_holds(tested: Flask) -> None:
    with recorded():
        enqueue("t.note", text="held")
    with transaction() as session:
        session.add(Pause(scope="job", name="t.note", actor="test", created_at=now()))

    assert run_due() == []
    assert states() == {"t.note": "queued"}


def test_a_journey_fires_each_schedule_at_its_wall_clock_time(tested: Flask) -> None:
    runs = travel(NEW_YEAR, NEW_YEAR + timedelta(days=2))

    assert [run.created_at for run in runs] == [datetime(2026, 1, day, 5, tzinfo=UTC) for day in (1, 2)]
    assert {run.state for run in runs} == {"finished"}
    assert texts() == []


def test_an_inline_journey_does_the_work_and_what_falls_due_in_between(tested: Flask) -> None:
    with inline():
        travel(NEW_YEAR, NEW_YEAR + timedelta(days=1))

    assert seen == [("later", datetime(2026, 1, 1, 6, 30, tzinfo=UTC))]


def test_the_start_belongs_to_a_journey_and_the_end_does_not(tested: Flask) -> None:
    six = datetime(2026, 1, 1, 5, tzinfo=UTC)

    assert len(travel(six, six + timedelta(days=1))) == 1


def test_a_paused_schedule_stays_paused_on_a_journey(tested: Flask) -> None:
    travel(NEW_YEAR, NEW_YEAR + timedelta(hours=1))
    pause("t.later", "test")

    assert travel(NEW_YEAR, NEW_YEAR + timedelta(days=1)) == []


def test_a_journey_needs_instants(tested: Flask) -> None:
    with pytest.raises(Invalid, match="two instants"):
        travel(datetime(2026, 1, 1), NEW_YEAR)


@pytest.mark.parametrize(
    ("sunday", "hours"),
    [
        (datetime(2026, 3, 29, tzinfo=BERLIN), 3),  # 02:00 to 03:00 is skipped
        (datetime(2026, 10, 25, tzinfo=BERLIN), 5),  # 02:00 to 03:00 comes twice
    ],
)
def test_a_night_with_a_change_of_the_clock_has_each_run_once(
    whole: Flask, sunday: datetime, hours: int
) -> None:
    runs = travel(sunday, sunday + timedelta(hours=4))

    assert sum(run.name == "reminders.check" for run in runs) == hours * 60
    assert sum(run.name == "reminders.plan" for run in runs) == hours
    assert len({(run.name, run.created_at) for run in runs}) == len(runs)
    assert {run.state for run in runs} == {"finished"}


def test_a_journey_can_be_made_with_some_schedules_only(whole: Flask) -> None:
    runs = travel(NEW_YEAR, NEW_YEAR + timedelta(hours=3), only={"reminders.plan"})

    assert [run.name for run in runs] == ["reminders.plan"] * 3


def test_the_examples_in_the_documentation_work(project_folder: Path, tmp_path: Path) -> None:
    conftest, tests = python_of(project_folder / "docs" / "testing.md")
    (tmp_path / "conftest.py").write_text(conftest)
    (tmp_path / "test_example.py").write_text(tests)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]

    ran = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=100,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(project_folder)},
    )

    assert "5 passed" in ran.stdout, ran.stdout + ran.stderr
