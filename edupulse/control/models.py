"""The ledger of jobs: every accepted run, every schedule, every process that works on them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from edupulse.database import Model

# queued -> started -> finished | failed | cancelled; deferred between retries;
# interrupted when a worker died under it, then by the job's policy queued again, failed, or asked.
STATES = ("queued", "started", "deferred", "interrupted", "finished", "failed", "cancelled")
FINAL_STATES = ("finished", "failed", "cancelled")
# Runs that are still on their way. Written out in every query about them, so that SQLite, which does not look
# into bound values, uses the small index and not the whole history.
OPEN_ROWS = text("job_run.state IN ('queued', 'started', 'deferred', 'interrupted')")


class JobRun(Model):
    """One accepted job, from the wish to its outcome; the id is also RQ's job id."""

    __tablename__ = "job_run"

    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    queue: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(20), default="queued")
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    occurrence_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    actor: Mapped[str] = mapped_column(String(320), default="system")
    request_id: Mapped[str | None] = mapped_column(String(64))
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    available_at: Mapped[datetime]  # queued: since when it waits; deferred: when it is due again
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    worker: Mapped[str | None] = mapped_column(String(120))
    result: Mapped[Any | None] = mapped_column(JSON)
    error_class: Mapped[str | None] = mapped_column(String(200))
    error_message: Mapped[str | None] = mapped_column(Text)
    error_traceback: Mapped[str | None] = mapped_column(Text)
    progress_done: Mapped[int | None]
    progress_total: Mapped[int | None]
    progress_note: Mapped[str | None] = mapped_column(String(200))

    __table_args__ = (
        # What the scheduler and the reconciler ask each time: only rows that are still on their way.
        Index(
            "ix_job_run_open",
            "state",
            "available_at",
            sqlite_where=text("state IN ('queued', 'started', 'deferred', 'interrupted')"),
            postgresql_where=text("state IN ('queued', 'started', 'deferred', 'interrupted')"),
        ),
        Index("ix_job_run_created_at", "created_at"),
        Index("ix_job_run_name_created_at", "name", "created_at"),
    )

    @property
    def is_final(self) -> bool:
        return self.state in FINAL_STATES


class Schedule(Model):
    """When a job of the catalog runs by itself; Redis only mirrors `next_at`."""

    __tablename__ = "schedule"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    job: Mapped[str] = mapped_column(String(100))
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    cron: Mapped[str | None] = mapped_column(String(100))
    interval_seconds: Mapped[int | None]
    timezone: Mapped[str] = mapped_column(String(64))
    misfire: Mapped[str] = mapped_column(String(10), default="once")  # once | skip | all
    max_lateness_seconds: Mapped[int]
    enabled: Mapped[bool] = mapped_column(default=True)
    next_at: Mapped[datetime]
    last_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Worker(Model):
    """A process that works or keeps the clock, known by its heartbeat."""

    __tablename__ = "worker"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))  # worker | scheduler
    host: Mapped[str] = mapped_column(String(200))
    pid: Mapped[int]
    queues: Mapped[list[str]] = mapped_column(JSON, default=list)
    state: Mapped[str] = mapped_column(String(20), default="running")  # running | stopped | dead
    version: Mapped[str] = mapped_column(String(40))
    started_at: Mapped[datetime]
    heartbeat_at: Mapped[datetime] = mapped_column(index=True)
    last_tick_at: Mapped[datetime | None]  # scheduler: its last completed round
    current_run: Mapped[str | None] = mapped_column(String(100))
    jobs_done: Mapped[int] = mapped_column(default=0)
    memory_bytes: Mapped[int | None]
