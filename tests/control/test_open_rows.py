"""The scheduler asks for open runs each second: it must read the small index and not the whole history."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import event

from edupulse.control import ledger
from edupulse.control.engine.audit import audit
from edupulse.control.interrupted import interrupt
from edupulse.control.reconcile import reconcile
from edupulse.database import db


@pytest.fixture
def plans(sqlite_app: Flask) -> Iterator[list[str]]:
    """The query plan of every SELECT on job_run that runs meanwhile."""
    found: list[str] = []
    asking = False

    def explain(connection, cursor, statement, parameters, context, many):  # type: ignore[no-untyped-def]
        nonlocal asking
        if not asking and statement.startswith("SELECT") and "job_run" in statement:
            asking = True
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            found.extend(f"{row[-1]}: {statement}" for row in rows)
            asking = False

    event.listen(db.engine, "before_cursor_execute", explain)
    yield found
    event.remove(db.engine, "before_cursor_execute", explain)


def test_neither_the_tick_nor_the_reconciler_reads_the_whole_history(plans: list[str], now: datetime) -> None:
    ledger.release_due(now)
    interrupt("w1", now)
    audit("w1", set(), now)
    reconcile(now, may_judge=True)

    scans = [plan for plan in plans if plan.startswith("SCAN job_run") and "USING INDEX" not in plan]
    assert plans
    assert scans == []
