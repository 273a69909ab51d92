"""A history of many runs, the same for the same number: ninety days of a school, and a busy present hour."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from edupulse.control.fingerprint import fingerprint
from edupulse.database import db

DAYS = 90
IN_THE_PRESENT_HOUR = 0.1  # of all runs
COLUMNS = (
    "id", "name", "queue", "state", "arguments", "actor", "attempts", "max_attempts", "created_at", "available_at",
    "started_at", "ended_at", "worker", "result", "error_class", "error_message", "error_fingerprint",
)  # fmt: skip
# Of a hundred runs so many are of a job.
SHARES = (
    ("mail.deliver", "email", 30),
    ("mailboxes.poll", "poll", 30),
    ("mailboxes.process", "poll", 12),
    ("reminders.check", "reminders", 10),
    ("mail.sweep", "email", 6),
    ("campaigns.sweep", "email", 6),
    ("mailboxes.sweep", "poll", 5),
    ("diagnostics.ping", "default", 1),
)
JOBS = tuple((name, queue) for name, queue, share in SHARES for _ in range(share))
ERRORS = (
    ("ConnectionRefusedError", "[Errno 111] Connection refused by smtp{n}.school.example"),
    ("TimeoutError", "timed out after {n} seconds"),
    ("NotFound", "There is no event {n}."),
    ("SMTPDataError", "554 5.7.1 <person{n}@school.example>: refused"),
)
RARE = {"reports.monthly": 1009, "finance.check": 3001}  # one of so many runs


def fill(count: int, now: datetime, *, days: int = DAYS) -> None:
    """Write `count` runs that were accepted in the last `days`, into an empty ledger."""
    connection = db.session.connection().connection.dbapi_connection
    if db.engine.dialect.name == "sqlite":
        marks = ", ".join("?" * len(COLUMNS))
        order = f"INSERT INTO job_run ({', '.join(COLUMNS)}) VALUES ({marks})"  # noqa: S608 - our own names
        connection.executemany(order, map(_as_text, _rows(count, now, days)))  # type: ignore[union-attr]
    else:
        with connection.cursor().copy(f"COPY job_run ({', '.join(COLUMNS)}) FROM STDIN") as copy:  # type: ignore[union-attr]
            for row in _rows(count, now, days):
                copy.write_row(row)
    db.session.commit()
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as maintenance:
            maintenance.exec_driver_sql("VACUUM ANALYZE job_run")


def _rows(count: int, now: datetime, days: int) -> Iterator[tuple[Any, ...]]:
    present = int(count * IN_THE_PRESENT_HOUR)
    earlier = count - present
    hour = now.replace(minute=0, second=0, microsecond=0)
    step, small_step = timedelta(days=days) / earlier, (now - hour) / max(present, 1)
    for n in range(earlier):
        yield _row(n, hour - timedelta(days=days) + n * step, is_old=n < earlier * 0.99)
    for n in range(present):
        yield _row(earlier + n, hour + n * small_step, is_old=False)


def _row(n: int, at: datetime, *, is_old: bool) -> tuple[Any, ...]:
    name, queue = _job(n)
    state = _state(n, is_old)
    error_class, message = _error(n) if state == "failed" else (None, None)
    started = at + timedelta(milliseconds=5 + n * 7 % 3000) if state not in ("queued", "cancelled") else None
    ended = started and started + timedelta(milliseconds=20 + n * 13 % 9000)
    return (
        f"{name.replace('.', '-')}-{n:020x}", name, queue, state, json.dumps({"subject_id": n, "note": f"number {n}"}),
        "ada@school.example" if n % 2000 == 7 else "system", 1 + (n % 50 == 3), 4, at, at, started,
        ended if state != "started" else None, f"w-{n % 4}" if started else None,
        json.dumps({"sent": n % 20}) if state == "finished" else None, error_class, message,
        fingerprint(name, error_class, message) if error_class else None,
    )  # fmt: skip


def _job(n: int) -> tuple[str, str]:
    for name, each in RARE.items():
        if n % each == each - 1:
            return name, name.partition(".")[0]
    return JOBS[n * 37 % len(JOBS)]


def _state(n: int, is_old: bool) -> str:
    """Return the state of run `n`: in a hundred recent ones twenty wait and one runs, the others are over."""
    if not is_old and n % 5 == 0:
        return "queued"
    if not is_old and n % 10_000 == 1:
        return "started"
    if n % 67 == 11:
        return "failed"
    return "cancelled" if n % 211 == 5 else "finished"


def _error(n: int) -> tuple[str, str]:
    error_class, message = ERRORS[n % len(ERRORS)]
    return error_class, message.format(n=n)


def _as_text(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(f"{value:%Y-%m-%d %H:%M:%S.%f}" if isinstance(value, datetime) else value for value in row)
