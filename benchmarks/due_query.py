"""The question that is asked each second, what is due now, against a million planned reminders."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from benchmarks.figures import Figure, at_most, percentile
from edupulse import create_app
from edupulse.config import load_settings
from edupulse.database import db
from edupulse.reminders.due import due_reminders
from edupulse.reminders.models import Event, Reminder

ROWS = 1_000_000
CHUNK = 20_000
DUE = 200  # what a busy minute finds
QUESTIONS = 200


def run() -> Iterator[Figure]:
    """Yield the figure for SQLite, and for PostgreSQL where TEST_POSTGRES_URL names one."""
    with tempfile.TemporaryDirectory() as folder:
        yield _measured("SQLite", f"sqlite:///{Path(folder) / 'million.db'}", folder)
        if url := os.environ.get("TEST_POSTGRES_URL"):
            yield _measured("PostgreSQL", url, folder)


def _measured(label: str, url: str, folder: str) -> Figure:
    settings = load_settings({"EDUPULSE_DATA_DIR": folder, "DATABASE_URL": url})
    app = create_app(settings)
    with app.app_context():
        db.drop_all()
        db.create_all()
        moment = datetime.now(UTC)
        _fill(moment)
        median = percentile([_ask(moment) for _ in range(QUESTIONS)], 0.5)
        db.session.remove()
        db.drop_all()
        db.engine.dispose()
    return at_most("reminders", f"due query at 1,000,000 rows, {label}, median", median, "ms", 5.0)


def _ask(moment: datetime) -> float:
    begun = time.perf_counter()
    found = db.session.scalars(due_reminders(moment)).all()
    spent = (time.perf_counter() - begun) * 1000
    if len(found) != DUE:
        raise RuntimeError(f"the query found {len(found)} reminders instead of {DUE}")
    db.session.rollback()
    return spent


def _fill(moment: datetime) -> None:
    event_id = _add_event(moment)
    for start in range(0, ROWS, CHUNK):
        db.session.execute(
            insert(Reminder), [_row(event_id, number, moment) for number in range(start, start + CHUNK)]
        )
        db.session.commit()


def _row(event_id: int, number: int, moment: datetime) -> dict[str, object]:
    due = moment - timedelta(seconds=1) if number < DUE else moment + timedelta(minutes=1 + number % 50_000)
    # Half of a table that has been in use for a while is history.
    state = "planned" if number < DUE or number % 2 else "handed_over"
    return {
        "event_id": event_id,
        "address": f"p{number}@school.example",
        "original": "2026-01-01T10:00:00",
        "instance": "2026-01-01T10:00:00",
        "starts_at": due + timedelta(minutes=15),
        "ends_at": due + timedelta(minutes=75),
        "lead_minutes": 15,
        "due_at": due,
        "state": state,
        "created_at": moment,
    }


def _add_event(moment: datetime) -> int:
    event = Event(
        uid="bench",
        title="Bench",
        starts_local=moment.replace(tzinfo=None),
        ends_local=moment.replace(tzinfo=None),
        starts_at=moment,
        ends_at=moment,
        timezone="UTC",
        created_at=moment,
        updated_at=moment,
    )
    db.session.add(event)
    db.session.commit()
    return event.id
