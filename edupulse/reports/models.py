"""The reports that were made, one for each kind and period, and who gets them by mail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from edupulse.database import Model

KINDS = ("hourly", "daily", "weekly", "monthly")


class Report(Model):
    """What happened from `starts_at` until before `ends_at`; making it again replaces the figures, not the row."""

    __tablename__ = "report"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    timezone: Mapped[str] = mapped_column(String(60))  # whose days and hours these are
    # {section: {figure: number}}, the same of the period before, and the parts of the period for a chart:
    # {section: [number, ...]}
    figures: Mapped[dict[str, Any]] = mapped_column(JSON)
    before: Mapped[dict[str, Any]] = mapped_column(JSON)
    series: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    words: Mapped[str] = mapped_column(Text, default="")  # lower case, what a search looks in
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(String(320))  # clock, or who asked for it
    times_made: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        UniqueConstraint("kind", "starts_at"),
        Index("ix_report_starts_at", "starts_at", "id"),
    )


class ReportSubscription(Model):
    """Who gets the reports of one kind by mail, in which language."""

    __tablename__ = "report_subscription"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    address: Mapped[str] = mapped_column(String(320))  # as addresses are told apart
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    locale: Mapped[str] = mapped_column(String(10), default="en")
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("kind", "address"),)
