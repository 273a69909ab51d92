"""A million mails become a file in less than a minute, in flat memory: as CSV, JSON lines and .xlsx."""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil
from flask import Flask
from sqlalchemy import bindparam, text

from edupulse import clock, create_app
from edupulse.accounts.users import create_user
from edupulse.config import load_settings
from edupulse.database import UtcDateTime, db
from edupulse.exports import orders, writing
from edupulse.exports.rows import existing
from edupulse.mail.senders import sender_id
from edupulse.transaction import transaction
from jobs.catalog import CATALOG
from tests.servers import own_postgres_database

LIMIT_SECONDS = 60
LIMIT_GROWTH_MB = 30  # from the first quarter to the end
LOOK_SECONDS = 0.1
# Both databases take this one.
NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count) "
MAILS = (
    "INSERT INTO delivery (key, kind, subject_id, occurrence, sender_id, address, comparable, recipient_name, locale, "
    "subject, message_id, state, reason, accepted_at, due_at, next_attempt_at, attempts_made, tries, sent_at) "
)
EACH = (
    "SELECT 'k' || n, 'newsletter', '7', '', :sender, 'pupil' || n || '@family.example', "
    "'pupil' || n || '@family.example', 'Pupil ' || n, 'en', 'The spring term begins', "
    "'<' || n || '@school.example>', CASE WHEN n % 50 = 0 THEN 'bounced' ELSE 'sent' END, "
    "CASE WHEN n % 50 = 0 THEN '550 5.1.1 No such user' END, :now, :now, :now, 1, 1, :now FROM numbers"
)


@dataclass
class Watched:
    """The memory of this process while something is done, in MB."""

    samples: list[float] = field(default_factory=list)

    @property
    def growth(self) -> float:
        """Return by how much the peak of the rest is above that of the first quarter."""
        quarter = max(1, len(self.samples) // 4)
        return max(self.samples[quarter:], default=0) - max(self.samples[:quarter], default=0)


@contextmanager
def watching() -> Iterator[Watched]:
    """Look at the memory of this process until the block ends."""
    watched, over, process = Watched(), threading.Event(), psutil.Process()

    def look() -> None:
        while not over.wait(LOOK_SECONDS):
            watched.samples.append(process.memory_info().rss / 2**20)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield watched
    finally:
        over.set()
        thread.join()


def fill(count: int) -> None:
    """Store `count` mails by one statement."""
    with transaction() as session:
        values = {"count": count, "sender": sender_id(), "now": clock.now()}
        statement = text(NUMBERS + MAILS + EACH).bindparams(bindparam("now", type_=UtcDateTime()))
        session.execute(statement, values)


def measure(database: str, count: int) -> int:
    """Write each format once; print seconds and memory, and return how many broke a bar."""
    broken = 0
    with tempfile.TemporaryDirectory() as folder:
        app = _app(database, folder)
        with app.app_context():
            db.create_all()
            reader = create_user("ada@school.example", "Ada", "admin", "four random words here")
            fill(count)
            for format in ("csv", "jsonl", "xlsx"):
                export = orders.ask("deliveries", format, {}, reader=reader)
                begun = time.perf_counter()
                with watching() as watched:
                    writing.write(export.id, clock.now())
                seconds, done = time.perf_counter() - begun, existing(export.id)
                holds = seconds < LIMIT_SECONDS and watched.growth < LIMIT_GROWTH_MB and done.rows == count
                broken += not holds
                print(
                    f"{database:11} {format:6} {done.rows:>9,} rows {done.bytes / 2**20:6.0f} MB {seconds:6.1f} s, "
                    f"peak {max(watched.samples):4.0f} MB, {watched.growth:+4.0f} MB since the first quarter  "
                    f"{'HOLDS' if holds else 'BROKEN'}",
                    flush=True,
                )
            db.session.remove()
            db.engine.dispose()
    return broken


def _app(database: str, folder: str) -> Flask:
    values = {"EDUPULSE_DATA_DIR": folder, "SECRET_KEY": "a-secret-key-of-the-proof"}
    if database == "PostgreSQL":
        values["DATABASE_URL"] = own_postgres_database("export")
    return create_app(load_settings(values), catalog=CATALOG, serving=False)


def main() -> int:
    """Measure both databases, PostgreSQL where TEST_POSTGRES_URL is set; the exit code says whether all holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    given = parser.parse_args()
    databases = ["SQLite", *(["PostgreSQL"] if os.environ.get("TEST_POSTGRES_URL") else [])]
    broken = sum(measure(database, given.rows) for database in databases)
    if len(databases) == 1:
        print("PostgreSQL was not measured: set TEST_POSTGRES_URL.")
    return min(1, broken)


if __name__ == "__main__":
    raise SystemExit(main())
