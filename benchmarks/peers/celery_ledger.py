"""Where the Celery mailing keeps its people and what became of each: SQLAlchemy on SQLite, set as ours."""

from __future__ import annotations

import os
import sqlite3
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Engine, String, create_engine, event, func, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from benchmarks.mailing import people

LEDGER = f"{os.environ['BENCH_FOLDER']}/celery-mail.db"

_engine: Engine | None = None


class Base(DeclarativeBase):
    """The peer's tables."""


class Mail(Base):
    """One mail to one person."""

    __tablename__ = "mail"

    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(String(320))
    name: Mapped[str] = mapped_column(String(200))
    fields: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(20), default="queued", index=True)
    sent_at: Mapped[datetime | None] = mapped_column(DateTime)
    error: Mapped[str | None]


def engine() -> Engine:
    """Return this process's engine, opened after the fork."""
    global _engine
    if _engine is None:
        _engine = create_engine(f"sqlite:///{LEDGER}", connect_args={"timeout": 30})
        event.listen(_engine, "connect", _open)
    return _engine


def _open(connection: sqlite3.Connection, record: object) -> None:
    for pragma in ("journal_mode = WAL", "foreign_keys = ON", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}")


def take_in(count: int) -> list[int]:
    """Make the table where it is missing, write `count` people into it and return their ids."""
    Base.metadata.create_all(engine())
    with Session(engine()) as session:
        first = (session.scalar(select(func.max(Mail.id))) or 0) + 1
        rows = [{**_row(person), "id": first + person.number} for person in people(count)]
        session.execute(insert(Mail), rows)
        session.commit()
    return [row["id"] for row in rows]


def _row(person: Any) -> dict[str, Any]:
    return {"address": person.address, "name": person.name, "fields": person.fields, "state": "queued"}


def waiting() -> int:
    """Return how many mails have no outcome yet."""
    with Session(engine()) as session:
        return session.scalar(select(func.count()).where(Mail.state == "queued")) or 0


def failed() -> int:
    """Return how many mails were not sent."""
    with Session(engine()) as session:
        return session.scalar(select(func.count()).where(Mail.state == "failed")) or 0
