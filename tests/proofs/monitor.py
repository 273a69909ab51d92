"""Questions about jobs in a history of a million runs: each is answered within 300 ms, on SQLite and on PostgreSQL."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask

from edupulse import clock, create_app
from edupulse.config import load_settings
from edupulse.control import monitor
from edupulse.control.hours import count_hours
from edupulse.control.monitor import RunFilter
from edupulse.database import db
from jobs.catalog import CATALOG
from tests.control import many_runs
from tests.servers import own_postgres_database

LIMIT_MS = 300
ASKED = 5  # times each; the best counts, for the machine may be busy with something else
NOW = datetime(2026, 3, 12, 9, 40, tzinfo=UTC)
DAY = timedelta(days=1)
ADA, NOWHERE = "ada@school.example", "nowhere to be found"

FILTERS = (
    RunFilter(),
    *(
        RunFilter(state=state)
        for state in ("queued", "started", "deferred", "finished", "failed", "cancelled")
    ),
    *(RunFilter(name=name) for name in ("mail.deliver", "finance.check", "nobody.knows")),
    *(RunFilter(queue=queue) for queue in ("email", "finance", "default", "nothing")),
    *(RunFilter(actor=actor) for actor in ("system", ADA, "nobody")),
    *(RunFilter(text=text) for text in ("connection refused", "mail-deliver-0000", "number 17 ", NOWHERE)),
    RunFilter(failed=True),
    RunFilter(fingerprint="0" * 16),
    RunFilter(since=NOW - 50 * DAY, until=NOW - 49 * DAY),
    RunFilter(failed=True, name="finance.check"),
    RunFilter(failed=True, queue="nothing"),
    RunFilter(state="cancelled", actor=ADA),
    RunFilter(state="finished", queue="finance"),
    RunFilter(state="queued", name="reports.monthly"),
    RunFilter(name="mail.deliver", queue="poll"),
    RunFilter(actor=ADA, state="finished", queue="nothing"),
    *(RunFilter(text=NOWHERE, state=state) for state in ("queued", "finished", "failed", "cancelled")),
    RunFilter(text=NOWHERE, name="mail.deliver"),
    RunFilter(text=NOWHERE, queue="email"),
    RunFilter(text=NOWHERE, actor="system"),
    RunFilter(text=NOWHERE, actor=ADA),
    RunFilter(text=NOWHERE, since=NOW - 2 * DAY),
    RunFilter(text=NOWHERE, until=NOW - 80 * DAY),
    RunFilter(text=NOWHERE, failed=True, name="mail.sweep", since=NOW - 30 * DAY),
)


def questions() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield every question of the monitor, in words and to be asked."""
    for wish in FILTERS:
        yield _in_words(wish), lambda wish=wish: monitor.runs(wish)
    middle = f"{(NOW - 45 * DAY).isoformat()}~x"
    yield "runs in the middle of the history", lambda: monitor.runs(RunFilter(), f"after~{middle}")
    yield "the page before", lambda: monitor.runs(RunFilter(), f"before~{middle}")
    yield "a text, backwards", lambda: monitor.runs(RunFilter(text=NOWHERE), f"before~{middle}")
    waiting = monitor.runs(RunFilter(state="queued")).items[0]
    yield "one run", lambda: monitor.run(waiting.id)
    yield "what it waits for", lambda: monitor.waits_for(waiting, NOW)
    yield "what runs", lambda: monitor.active(NOW)
    yield "workers", lambda: monitor.worker_list(NOW)
    yield "queues", lambda: monitor.queue_loads(NOW)
    yield "overview", lambda: monitor.overview(NOW)
    yield "what is degraded", lambda: monitor.degraded(NOW)
    for days in (1 / 48, 1, 7, 30, 90):
        since = NOW - days * DAY
        yield f"statistics of {days:.3g} days", lambda since=since: monitor.statistics(since)
        yield f"failures of {days:.3g} days", lambda since=since: monitor.failure_groups(since)
    yield "statistics of one job", lambda: monitor.statistics(NOW - 90 * DAY, name="mail.deliver")
    yield "failures of one job", lambda: monitor.failure_groups(NOW - 90 * DAY, name="mail.deliver")


def ask_all(database: str) -> int:
    """Ask each question; print the milliseconds of each, and return how many took too long."""
    late = 0
    for words, ask in questions():
        milliseconds = min(_timed(ask) for _ in range(ASKED))
        late += milliseconds > LIMIT_MS
        verdict = "HOLDS" if milliseconds <= LIMIT_MS else "BROKEN"
        print(f"{database:11} {words:76} {milliseconds:6.0f} ms  {verdict}", flush=True)
    return late


def _timed(ask: Callable[[], Any]) -> float:
    db.session.remove()
    begun = time.perf_counter()
    ask()
    return (time.perf_counter() - begun) * 1000


def _in_words(wish: RunFilter) -> str:
    wishes = (f"{name}={value}" for name, value in vars(wish).items() if value)
    return f"runs {' '.join(wishes)}"[:76]


def _app(database: str, folder: str) -> Flask:
    values = {"EDUPULSE_DATA_DIR": folder, "SECRET_KEY": "a-secret-key-of-the-proof"}
    if database == "PostgreSQL":
        values["DATABASE_URL"] = own_postgres_database("monitor")
    return create_app(load_settings(values), catalog=CATALOG)


def _measure(database: str, count: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        app = _app(database, folder)
        with app.app_context(), clock.frozen(NOW):
            db.create_all()
            many_runs.fill(count, NOW)
            begun = time.perf_counter()
            counted = count_hours(NOW)
            print(f"{database:11} {counted['hours']} hours counted in {time.perf_counter() - begun:.0f} s")
            late = ask_all(database)
            db.session.remove()
            db.engine.dispose()
    return late


def main() -> int:
    """Measure both databases, PostgreSQL where TEST_POSTGRES_URL is set; the exit code says whether all holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000_000)
    given = parser.parse_args()
    databases = ["SQLite", *(["PostgreSQL"] if os.environ.get("TEST_POSTGRES_URL") else [])]
    late = {database: _measure(database, given.runs) for database in databases}
    for database, count in late.items():
        print(f"{database}: {count} questions took longer than {LIMIT_MS} ms in {given.runs:,} runs")
    if len(databases) == 1:
        print("PostgreSQL was not measured: set TEST_POSTGRES_URL.")
    return min(1, sum(late.values()))


if __name__ == "__main__":
    raise SystemExit(main())
