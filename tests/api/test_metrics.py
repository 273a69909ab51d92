"""Prometheus reads the figures of this moment, at once also when a hundred thousand wait."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis
from redis.exceptions import ConnectionError as RedisAway
from sqlalchemy import event, text
from werkzeug.test import TestResponse

from edupulse import clock
from edupulse.accounts.tokens import make_token
from edupulse.api.metrics_of_hours import buckets
from edupulse.control.gauges import open_runs
from edupulse.control.hours import count_hours
from edupulse.database import db
from tests.api.conftest import Program, make_person
from tests.rows import a_delivery, a_process, a_run

START = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def scrape(app: Flask) -> Callable[[], Figures]:
    """Return a function that reads all figures with the token of a viewer."""
    person = make_person("viewer")
    _, secret = make_token(person.email, "prometheus", "viewer", actor="test")

    def read() -> Figures:
        response = _get(app, secret)
        assert response.status_code == 200
        families = text_string_to_metric_families(response.text)
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in families
            for sample in family.samples
        }

    return read


def _get(app: Flask, secret: str) -> TestResponse:
    with app.app_context():
        return app.test_client().get("/metrics", headers={"Authorization": f"Bearer {secret}"})


def figure(figures: Figures, name: str, **labels: str) -> float:
    return figures[f"edupulse_{name}", tuple(sorted(labels.items()))]


def test_it_is_for_those_with_a_token(sqlite_app: Flask, viewer: Program) -> None:
    assert sqlite_app.test_client().get("/metrics").status_code == 401
    assert _get(sqlite_app, viewer.token).content_type.startswith("text/plain; version=0.0.4")


def test_jobs_are_counted_by_queue_and_state_with_the_age_of_the_oldest(
    now: datetime, scrape: Callable[[], Figures]
) -> None:
    for number, minutes in enumerate((1, 5, 3)):
        a_run(f"q{number}", "queued", queue="email", available_at=now - timedelta(minutes=minutes))
    a_run("s", "started", queue="email")
    a_run("f", "finished", queue="email")

    found = scrape()

    assert figure(found, "jobs", queue="email", state="queued") == 3
    assert figure(found, "jobs", queue="email", state="started") == 1
    assert figure(found, "jobs", queue="reminders", state="queued") == 0
    assert figure(found, "queue_oldest_seconds", queue="email") == 300
    assert figure(found, "queue_oldest_seconds", queue="reminders") == 0


def test_failures_of_the_last_hour_are_told_by_job_and_kind(
    now: datetime, scrape: Callable[[], Figures]
) -> None:
    for number, age in enumerate((10, 50, 70)):
        a_run(f"f{number}", "failed", error_class="TimeLimit", created_at=now - timedelta(minutes=age))

    assert figure(scrape(), "job_failures", job="diagnostics.ping", error="TimeLimit") == 2


def test_processes_and_the_clock_are_watched(now: datetime, scrape: Callable[[], Figures]) -> None:
    worker = a_process(queues=["email", "poll"], memory_bytes=120_000_000)
    a_process("scheduler", last_tick_at=now - timedelta(seconds=7))

    found = scrape()

    assert (figure(found, "workers"), figure(found, "schedulers")) == (1, 1)
    assert figure(found, "queue_workers", queue="email") == 1
    assert figure(found, "queue_workers", queue="reminders") == 0
    assert figure(found, "worker_memory_bytes", worker=worker.name) == 120_000_000
    assert figure(found, "scheduler_lag_seconds") == 7


def test_mails_are_counted_while_they_matter(scrape: Callable[[], Figures]) -> None:
    for state in ("queued", "deferred", "unknown", "sent"):
        a_delivery(state)

    found = scrape()

    assert figure(found, "mails", state="queued") == 1
    assert figure(found, "mails", state="unknown") == 1
    assert figure(found, "outbox_mails") == 2
    assert figure(found, "mails_accepted_total") == 4
    assert figure(found, "mail_attempts_total") == 4


def test_outcomes_and_times_come_from_the_hours_that_were_counted(scrape: Callable[[], Figures]) -> None:
    with clock.frozen(START):
        for number, seconds in enumerate((1, 2, 400)):
            begun = START + timedelta(seconds=30)
            ends = {"started_at": begun, "ended_at": begun + timedelta(seconds=seconds)}
            a_run(
                f"d{number}", "failed" if number == 2 else "finished", available_at=START, attempts=1, **ends
            )
    with clock.frozen(START + timedelta(hours=2)):
        count_hours(clock.now())
        found = scrape()

    job = {"job": "diagnostics.ping"}
    assert figure(found, "job_outcomes", outcome="finished", **job) == 2
    assert figure(found, "job_outcomes", outcome="failed", **job) == 1
    assert figure(found, "job_run_seconds_bucket", le="5", **job) == 2
    assert figure(found, "job_run_seconds_bucket", le="+Inf", **job) == 3
    assert figure(found, "job_wait_seconds_bucket", le="15", **job) == 0
    assert figure(found, "job_wait_seconds_bucket", le="60", **job) == 3


def test_a_class_counts_where_it_ends() -> None:
    found = dict(buckets({"0": 2, "1": 1, "60": 4}))

    assert (found["0.05"], found["15"], found["60"], found["+Inf"]) == (3, 3, 7, 7)


def test_redis_being_away_is_a_figure(
    scrape: Callable[[], Figures], redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise RedisAway("gone")

    monkeypatch.setattr(redis, "info", away)
    found = scrape()

    assert figure(found, "redis_up") == 0
    assert ("edupulse_redis_memory_bytes", ()) not in found


def test_a_real_redis_tells_its_memory(scrape: Callable[[], Figures], real_redis: Redis) -> None:
    found = scrape()

    assert figure(found, "redis_up") == 1
    assert figure(found, "redis_memory_bytes") > 100_000


def test_what_waits_is_counted_from_an_index_alone(app: Flask) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("SQLite says in one word whether an index was enough")
    statements: list[str] = []

    def note(_c: object, _u: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        open_runs()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)

    plan = db.session.execute(text(f"EXPLAIN QUERY PLAN {statements[-1]}")).all()
    assert "COVERING INDEX ix_job_run_open_queue" in str(plan)


def test_the_alerts_and_the_board_speak_only_of_figures_that_exist(
    project_folder: Path, scrape: Callable[[], Figures], real_redis: Redis, now: datetime
) -> None:
    a_process(memory_bytes=1)
    a_process("scheduler")
    a_run("f", "failed", error_class="TimeLimit")
    a_run("o", "finished", created_at=now - timedelta(hours=2), started_at=now, ended_at=now)
    count_hours(now)
    known = {name for name, _ in scrape()}

    alerts = (project_folder / "docs" / "alerts.yml").read_text()
    board = (project_folder / "docs" / "grafana.json").read_text()
    named = set(re.findall(r"edupulse_\w+", alerts + board))

    assert len(named) > 15
    assert named - known == set()
    assert json.loads(board)["panels"]
