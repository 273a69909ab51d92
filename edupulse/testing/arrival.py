"""In which order runs were accepted, also while the clock stands still."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, literal_column

from edupulse.database import db


def arrival() -> ColumnElement[Any]:
    """Return where a row lies in its table, which is later for later rows as long as none was removed."""
    return literal_column("job_run.rowid" if db.engine.dialect.name == "sqlite" else "job_run.ctid")
