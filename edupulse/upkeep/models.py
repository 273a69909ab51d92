"""The backups that were made, and what came of each."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from edupulse.database import Model

# running -> verified | failed; a verified one whose file is gone is deleted or missing
BACKUP_STATES = ("running", "verified", "failed", "deleted", "missing")


class Backup(Model):
    """One backup; its file says the same of itself, so that it can be used where this row is lost."""

    __tablename__ = "backup"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)  # of the file in BACKUP_DIR
    host: Mapped[str] = mapped_column(String(200))  # the machine on whose disk it is
    state: Mapped[str] = mapped_column(String(20), default="running")
    error: Mapped[str] = mapped_column(String(500), default="")
    encrypted: Mapped[bool] = mapped_column(default=False)
    bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    sha256: Mapped[str] = mapped_column(String(64), default="")
    # what is in it: release, revision of the schema, rows by table, keys of Redis, files of the storage
    contents: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    actor: Mapped[str] = mapped_column(String(320))
    started_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_backup_started_at", "started_at", "id"),)
