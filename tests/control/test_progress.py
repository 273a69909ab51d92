"""Progress is told per item and written now and then; who tells it hears of a wish to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy.event import listen, remove

from edupulse.control import ledger, progress
from edupulse.control.catalog import Catalog, JobSpec
from edupulse.control.enqueue import enqueue
from edupulse.control.execution import perform
from edupulse.control.models import JobRun
from edupulse.control.run import Outcome
from edupulse.control.work import Work
from edupulse.database import db


@pytest.fixture
def run_job(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Work, Callable[[], Outcome]]]:
    """Return a function that begins a job made of `function`; its second answer carries it out."""

    def begin(function: Callable[[], object]) -> tuple[Work, Callable[[], Outcome]]:
        def job() -> object:
            return function()

        spec = JobSpec("diagnostics.ping", job, "default", "A job of a test.")
        monkeypatch.setattr(app.extensions["edupulse"], "catalog", Catalog.of([spec]))
        run = ledger.begin(enqueue("diagnostics.ping").id, "w1")
        assert run is not None
        work = Work(run)
        return work, lambda: perform(app, work)

    return begin


def told(run_id: str) -> tuple[int | None, int | None, str | None]:
    db.session.rollback()
    run = db.session.get_one(JobRun, run_id, populate_existing=True)
    return run.progress_done, run.progress_total, run.progress_note


@contextmanager
def written() -> Iterator[list[str]]:
    """Count the updates of the ledger while the block runs."""
    statements: list[str] = []
    engine = db.engine

    def note(_: object, __: object, statement: str, *___: object) -> None:
        if statement.startswith("UPDATE job_run SET progress"):
            statements.append(statement)

    listen(engine, "before_cursor_execute", note)
    yield statements
    remove(engine, "before_cursor_execute", note)


def test_a_thousand_items_are_written_a_few_times_and_the_last_one_always(
    run_job: Callable[..., tuple[Work, Callable[[], Outcome]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    instants = iter(item * 0.001 for item in range(1, 1_002))  # a millisecond an item
    monkeypatch.setattr("edupulse.control.progress.monotonic", lambda: next(instants))
    work, carry_out = run_job(
        lambda: [progress.report(item, 1_000, f"item {item}") for item in range(1, 1_001)]
    )

    with written() as statements:
        carry_out()

    assert told(work.run.id) == (1_000, 1_000, "item 1000")
    assert len(statements) == 3  # the first, the one half a second later, the last


def test_two_jobs_of_one_process_do_not_silence_each_other(
    app: Flask, run_job: Callable[..., tuple[Work, Callable[[], Outcome]]]
) -> None:
    together = threading.Barrier(2, timeout=30)

    def job() -> None:
        together.wait()
        for item in range(1, 50):
            progress.report(item, 1_000)
            together.wait()

    works = [run_job(job) for _ in range(2)]
    with written() as statements:
        threads = [threading.Thread(target=carry_out) for _, carry_out in works]
        [thread.start() for thread in threads]
        [thread.join(timeout=60) for thread in threads]

    assert {told(work.run.id)[1] for work, _ in works} == {1_000}
    assert len(statements) < 20


def test_who_reports_hears_that_it_shall_stop(
    run_job: Callable[..., tuple[Work, Callable[[], Outcome]]],
) -> None:
    done: list[int] = []

    def job() -> None:
        for item in range(10):
            progress.report(item, 10)
            done.append(item)
            work.ask_to_stop("Stopped by ada@school.example: wrong class")

    work, carry_out = run_job(job)

    outcome = carry_out()

    assert (outcome.state, done) == ("cancelled", [0])


def test_outside_a_job_it_does_nothing(sqlite_app: Flask) -> None:
    with written() as statements:
        progress.report(1, 2)

    assert statements == []


def test_a_report_of_an_attempt_that_was_taken_over_is_not_written(
    run_job: Callable[..., tuple[Work, Callable[[], Outcome]]],
) -> None:
    def job() -> None:
        with db.engine.begin() as connection:
            connection.execute(JobRun.__table__.update().values(attempts=2))
        progress.report(5, 10)

    work, carry_out = run_job(job)

    carry_out()

    assert told(work.run.id) == (None, None, None)
