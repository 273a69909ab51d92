"""A row that may be written once: a second insert does nothing, even at the same moment."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from edupulse.database import Model


def insert_once(session: Session, model: type[Model]) -> SqliteInsert | PostgresqlInsert:
    """Return an insert into `model` that passes over rows which break one of its unique keys."""
    if session.get_bind().dialect.name == "sqlite":
        return sqlite_insert(model).on_conflict_do_nothing()
    return postgresql_insert(model).on_conflict_do_nothing()
