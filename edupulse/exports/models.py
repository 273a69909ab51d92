"""The files that people asked for: what is in them, how far they are written, and until when they are kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from edupulse.accounts.models import User
from edupulse.database import Model

FORMATS = ("csv", "jsonl", "xlsx")
# queued -> running -> done -> expired; failed and cancelled from queued and running
EXPORT_STATES = ("queued", "running", "done", "failed", "cancelled", "expired")
_UNDER_WAY = text("state IN ('queued', 'running')")


class Export(Model):
    """One table as a file. `position` and `parts` are committed together: after a kill it goes on from there."""

    __tablename__ = "export"

    id: Mapped[int] = mapped_column(primary_key=True)
    table: Mapped[str] = mapped_column(String(40))  # by its name in exports.tables, e.g. deliveries
    format: Mapped[str] = mapped_column(String(10))
    filters: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"), index=True)
    actor: Mapped[str] = mapped_column(String(320))
    role: Mapped[str] = mapped_column(String(20))  # with which it was asked for: no more is in it
    state: Mapped[str] = mapped_column(String(20), default="queued")
    error: Mapped[str] = mapped_column(String(500), default="")
    run_id: Mapped[str | None] = mapped_column(String(64))  # the job that writes it
    rows: Mapped[int] = mapped_column(BigInteger, default=0)  # written so far
    total: Mapped[int | None] = mapped_column(BigInteger)  # that there were when it began
    bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    position: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    parts: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)  # {"key", "rows", "bytes"}
    storage_key: Mapped[str | None] = mapped_column(String(120), index=True)
    sha256: Mapped[str] = mapped_column(String(64), default="")
    filename: Mapped[str] = mapped_column(String(120), default="")
    fence: Mapped[int] = mapped_column(default=0)  # grows with each writer: an older one writes nothing
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    downloads: Mapped[int] = mapped_column(default=0)

    user: Mapped[User | None] = relationship(lazy="joined")

    __table_args__ = (
        Index("ix_export_created_at", "created_at", "id"),
        Index("ix_export_under_way", "id", sqlite_where=_UNDER_WAY, postgresql_where=_UNDER_WAY),
    )
