"""What pages ask about campaigns and people, at a million deliveries: `python -m benchmarks.campaign_pages`."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import million
from benchmarks.figures import Figure, at_most, seen, show
from edupulse import create_app
from edupulse.campaigns import monitor
from edupulse.config import load_settings
from edupulse.database import db
from edupulse.mail.timeline import timeline

BAR_MS = 200.0
QUESTIONS = 5  # of each the median


def run() -> Iterator[Figure]:
    """Yield the figures for SQLite, and for PostgreSQL where TEST_POSTGRES_URL names one."""
    with tempfile.TemporaryDirectory() as folder:
        yield from measured("SQLite", f"sqlite:///{Path(folder) / 'million.db'}", folder)
        if url := os.environ.get("TEST_POSTGRES_URL"):
            yield from measured("PostgreSQL", url, folder)


def measured(label: str, url: str, folder: str, *, is_filled: bool = False) -> Iterator[Figure]:
    """Fill the database unless it is, and ask each question."""
    app = create_app(
        load_settings({"EDUPULSE_DATA_DIR": folder, "DATABASE_URL": url, "EMAIL_PROVIDER": "local"})
    )
    with app.app_context():
        if not is_filled:
            db.drop_all()
            db.create_all()
            million.fill()
        for what, question in _questions(million.SMALL + 1):
            name = f"{what} at 1,000,000 deliveries, {label}"
            yield at_most("campaign pages", name, _median_ms(question), "ms", BAR_MS)
        # A part of a name is looked for row by row: it grows with the one campaign, so there is no bar for it.
        by_name = _median_ms(lambda: monitor.deliveries(million.SMALL + 1, search="person 9999"))
        yield seen("campaign pages", f"search by a part of the name among 940,000, {label}", by_name, "ms")
        db.session.remove()
        if not is_filled:
            db.drop_all()
        db.engine.dispose()


def _questions(large: int) -> Iterator[tuple[str, Callable[[], object]]]:
    person = "p77@school.example"
    yield "progress", lambda: monitor.progress(large)
    yield "list of campaigns", lambda: monitor.listing()
    yield "one person's timeline", lambda: timeline(person)
    yield "recipients, first page", lambda: monitor.deliveries(large)
    yield "recipients, deep page", lambda: monitor.deliveries(large, cursor="after~700000")
    yield "recipients in a rare state", lambda: monitor.deliveries(large, "unknown", cursor="after~500000")
    yield "recipients by address", lambda: monitor.deliveries(large, search=person)


def _median_ms(question: Callable[[], object]) -> float:
    spent = []
    for _ in range(QUESTIONS):
        db.session.rollback()
        db.session.expunge_all()
        begun = time.perf_counter()
        question()
        spent.append((time.perf_counter() - begun) * 1000)
    return sorted(spent)[QUESTIONS // 2]


if __name__ == "__main__":
    raise SystemExit(1 if show(run(), as_json=False) else 0)
