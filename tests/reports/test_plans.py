"""No question that a report asks reads a whole table: each has an index."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from flask import Flask
from sqlalchemy import event

from edupulse.database import db
from edupulse.reports.making import make
from edupulse.reports.reading import reports


@contextmanager
def questions() -> Iterator[list[tuple[str, Any]]]:
    """Collect the questions that the block asks, with their values."""
    asked: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, values))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_every_question_of_a_report_is_answered_by_an_index(sqlite_app: Flask, now: datetime) -> None:
    with questions() as asked:
        make("monthly", now=now)
        reports("daily", "march")

    plans = {
        (statement, row[-1])
        for statement, values in asked
        for row in db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
    }
    assert len(asked) > 30
    assert not [
        plan for _, plan in plans if plan.startswith("SCAN") and "USING" not in plan and plan != NO_TABLE
    ]


NO_TABLE = "SCAN CONSTANT ROW"  # around the counts of the parts, each of which has a plan of its own
