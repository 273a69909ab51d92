"""What the doors ask about jobs: up or down and why, what waits, runs by filter, page by page."""

from __future__ import annotations

from datetime import datetime, timedelta

import fakeredis
import pytest
from flask import Flask
from sqlalchemy.event import listen, remove

from edupulse.control.monitor import (
    RunFilter,
    overview,
    queue_loads,
    redis_service,
    run,
    runs,
    scheduler_service,
    services,
    workers_service,
)
from edupulse.database import db
from edupulse.errors import Invalid, NotFound
from tests.rows import a_process, a_run, a_schedule


def test_with_everything_at_work_every_part_is_up(app: Flask, now: datetime) -> None:
    a_process(), a_process("scheduler")

    assert [(part.name, part.state) for part in services(now)] == [
        ("database", "up"),
        ("redis", "up"),
        ("workers", "up"),
        ("scheduler", "up"),
    ]


def test_each_part_that_is_not_up_says_what_to_do(app: Flask, now: datetime) -> None:
    server = fakeredis.FakeServer()
    server.connected = False
    app.extensions["edupulse"].redis = fakeredis.FakeRedis(server=server)

    down = [part for part in services(now) if not part.is_up]

    assert [part.name for part in down] == ["redis", "workers", "scheduler"]
    assert all(part.cure for part in down)
    assert "Work is accepted and goes on by itself later" in redis_service().summary


def test_a_worker_that_fell_silent_is_none_and_its_last_sign_is_told(app: Flask, now: datetime) -> None:
    last = now - timedelta(minutes=4)
    a_process(heartbeat_at=last)

    found = workers_service(now)

    assert (found.state, found.since) == ("down", last)


def test_a_queue_without_a_worker_is_named(app: Flask, now: datetime) -> None:
    a_process(queues=["reminders", "poll", "default", "finance", "reports"])

    found = workers_service(now)

    assert found.state == "degraded"
    assert "No worker listens to email." in found.summary


def test_a_scheduler_that_lives_but_does_not_tick_needs_a_look(app: Flask, now: datetime) -> None:
    a_process("scheduler", last_tick_at=now - timedelta(minutes=1))

    assert scheduler_service(now).state == "degraded"


def test_a_standby_scheduler_beside_one_that_ticks_is_fine(app: Flask, now: datetime) -> None:
    a_process("scheduler"), a_process("scheduler", last_tick_at=None)

    assert scheduler_service(now).is_up


def test_queues_count_what_waits_and_who_listens(app: Flask, now: datetime) -> None:
    oldest = now - timedelta(minutes=9)
    (
        a_run("a", "queued", available_at=oldest),
        a_run("b", "queued"),
        a_run("c", "started"),
        a_run("d", "deferred"),
    )
    a_process(queues=["default"])

    loads = {load.name: load for load in queue_loads(now)}

    assert (loads["default"].waiting, loads["default"].oldest, loads["default"].running) == (2, oldest, 1)
    assert (loads["default"].workers, loads["email"].workers) == (1, 0)


def test_the_overview_tells_what_failed_and_whether_it_was_mended(app: Flask, now: datetime) -> None:
    hour = timedelta(hours=1)
    for number, (name, state, ago) in enumerate(
        [
            ("mail.sweep", "failed", 3),
            ("mail.sweep", "finished", 2),
            ("reminders.plan", "finished", 3),
            ("reminders.plan", "failed", 2),
            ("diagnostics.ping", "failed", 30),
        ]
    ):
        a_run(f"run-{number}", state, name=name, created_at=now - ago * hour, ended_at=now - ago * hour)

    found = overview(now)

    assert [failed.name for failed in found.failures] == ["reminders.plan", "mail.sweep"]
    assert found.broken == ["reminders.plan"]
    assert (found.failed, found.finished) == (2, 2)


def test_the_overview_tells_what_is_late(app: Flask, now: datetime) -> None:
    (
        a_run("a", "queued", available_at=now - timedelta(minutes=2)),
        a_run("b", "queued"),
        a_run("c", "interrupted"),
    )
    (
        a_schedule("a", next_at=now - timedelta(minutes=2)),
        a_schedule("b"),
        a_schedule("c", next_at=now - timedelta(days=1), enabled=False),
    )

    found = overview(now)

    assert [late.id for late in found.late] == ["a"]
    assert [late.name for late in found.late_schedules] == ["a"]
    assert (found.backlog.count, found.backlog.since, found.asking) == (2, now - timedelta(minutes=2), 1)


def test_runs_are_turned_over_in_both_directions(app: Flask, now: datetime) -> None:
    for number in range(7):
        a_run(f"run-{number}", created_at=now + timedelta(seconds=number // 2))  # pairs share an instant

    first = runs(RunFilter(), size=3)
    second = runs(RunFilter(), first.next or "", size=3)
    third = runs(RunFilter(), second.next or "", size=3)
    back = runs(RunFilter(), second.previous or "", size=3)

    assert [found.id for page in (first, second, third) for found in page.items] == [
        f"run-{n}" for n in range(6, -1, -1)
    ]
    assert [found.id for found in back.items] == [found.id for found in first.items]
    assert (first.previous, third.next, back.previous) == (None, None, None)


@pytest.mark.parametrize(
    "cursor",
    ["x", "after~2026-03-12~1", "after~2026-03-12T09:00:00~1", "sideways~2026-03-12T09:00:00+00:00~1"],
)
def test_a_cursor_of_somebody_elses_making_is_refused(sqlite_app: Flask, cursor: str) -> None:
    with pytest.raises(Invalid, match="does not exist"):
        runs(RunFilter(), cursor)


def test_a_text_is_found_in_number_name_arguments_and_error(app: Flask) -> None:
    (
        a_run("run-1", arguments={"event_id": 4711}),
        a_run("run-2", "failed", error_message="Broken pipe"),
        a_run("run-3", name="mail.sweep"),
    )

    def found(text: str) -> list[str]:
        return [each.id for each in runs(RunFilter(text=text)).items]

    assert (found("4711"), found("broken"), found("SWEEP"), found("run-2"), found("100%")) == (
        ["run-1"],
        ["run-2"],
        ["run-3"],
        ["run-2"],
        [],
    )


def test_an_unknown_run_is_not_found(sqlite_app: Flask) -> None:
    with pytest.raises(NotFound):
        run("nobody")


def test_no_question_about_the_present_reads_the_whole_ledger(sqlite_app: Flask, now: datetime) -> None:
    a_run("a", "queued"), a_run("b", "failed"), a_process(), a_schedule()
    asked: list[tuple[str, object]] = []
    engine = db.engine

    def note(_: object, __: object, statement: str, parameters: object, *___: object) -> None:
        asked.append((statement, parameters))

    listen(engine, "before_cursor_execute", note)
    overview(now), services(now), runs(RunFilter(state="failed")), runs(RunFilter(name="mail.sweep"))
    remove(engine, "before_cursor_execute", note)

    with engine.connect() as connection:
        plans = [
            connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()  # type: ignore[arg-type]
            for statement, parameters in asked
            if "FROM job_run" in statement
        ]
    steps = [step[3] for plan in plans for step in plan]
    assert len(plans) > 5
    assert [step for step in steps if step.startswith("SCAN job_run") and "INDEX" not in step] == []
