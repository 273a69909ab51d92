"""The ledger of jobs: every accepted run, every schedule, every process that works on them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from edupulse.database import Model

# queued -> started -> finished | failed | cancelled; deferred between retries;
# interrupted when a worker died under it, then by the job's policy queued again, failed, or asked.
STATES = ("queued", "started", "deferred", "interrupted", "finished", "failed", "cancelled")
FINAL_STATES = ("finished", "failed", "cancelled")
# Runs that are still on their way. Written out in every query about them, so that SQLite, which does not look
# into bound values, uses the small index and not the whole history.
OPEN_ROWS = text("job_run.state IN ('queued', 'started', 'deferred', 'interrupted')")
# As the index is written.
OPEN_AND_UNIQUE = "unique_key IS NOT NULL AND state IN ('queued', 'started', 'deferred', 'interrupted')"
# Runs that ended badly: written out for the same reason.
ENDED_BADLY = text("job_run.state IN ('failed', 'cancelled')")
# Who asks for nearly all runs; the index of actors has only the others.
MACHINES = ("system", "scheduler")
BY_PERSON = "actor NOT IN ('system', 'scheduler')"
PRIORITIES = {"high": 1, "normal": 0, "low": -1}


class JobRun(Model):
    """One accepted job, from the wish to its outcome; the id is also RQ's job id."""

    __tablename__ = "job_run"

    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    queue: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(20), default="queued")
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    occurrence_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    unique_key: Mapped[str | None] = mapped_column(String(200))  # at most one open run has it
    priority: Mapped[int] = mapped_column(default=0, server_default="0")  # 1 high, 0 normal, -1 low
    actor: Mapped[str] = mapped_column(String(320), default="system")
    request_id: Mapped[str | None] = mapped_column(String(64))
    attempts: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int] = mapped_column(default=4, server_default="4")  # a retry by hand adds to it
    deaths: Mapped[int] = mapped_column(default=0, server_default="0")  # workers that died under it
    workflow_step_id: Mapped[int | None]  # the step of a workflow that it works on
    created_at: Mapped[datetime]
    available_at: Mapped[datetime]  # queued: since when it waits; deferred: when it is due again
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    worker: Mapped[str | None] = mapped_column(String(120))
    cancel_requested_at: Mapped[datetime | None]  # somebody wants the running attempt to stop
    cancel_actor: Mapped[str | None] = mapped_column(String(320))
    cancel_reason: Mapped[str | None] = mapped_column(String(200))
    result: Mapped[Any | None] = mapped_column(JSON)
    error_class: Mapped[str | None] = mapped_column(String(200))
    error_message: Mapped[str | None] = mapped_column(Text)
    error_traceback: Mapped[str | None] = mapped_column(Text)
    error_fingerprint: Mapped[str | None] = mapped_column(String(16))  # the same for failures of one cause
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
        # What is counted by queue while a hundred thousand wait: answered from the index alone.
        Index(
            "ix_job_run_open_queue",
            "queue",
            "state",
            "available_at",
            sqlite_where=text("state IN ('queued', 'started', 'deferred', 'interrupted')"),
            postgresql_where=text("state IN ('queued', 'started', 'deferred', 'interrupted')"),
        ),
        # Owned by the run: when it is over, the key is free, whatever died.
        Index(
            "uq_job_run_unique_key_open",
            "unique_key",
            unique=True,
            sqlite_where=text(OPEN_AND_UNIQUE),
            postgresql_where=text(OPEN_AND_UNIQUE),
        ),
        Index("ix_job_run_created_at", "created_at"),
        Index("ix_job_run_name_created_at", "name", "created_at"),
        # What people look for in the history and what is rare in it: small indexes that ordinary runs never enter.
        Index(
            "ix_job_run_ended_badly",
            "state",
            "created_at",
            "error_fingerprint",
            sqlite_where=text("state IN ('failed', 'cancelled')"),
            postgresql_where=text("state IN ('failed', 'cancelled')"),
        ),
        Index(
            "ix_job_run_error_fingerprint",
            "error_fingerprint",
            "created_at",
            sqlite_where=text("error_fingerprint IS NOT NULL"),
            postgresql_where=text("error_fingerprint IS NOT NULL"),
        ),
        Index(
            "ix_job_run_actor_created_at",
            "actor",
            "created_at",
            sqlite_where=text(BY_PERSON),
            postgresql_where=text(BY_PERSON),
        ),
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
    overlap: Mapped[str] = mapped_column(String(10), default="skip", server_default="skip")  # skip | allow
    # What an operator wants otherwise than the code: column -> value; a sync leaves it alone.
    changed: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default=text("'{}'"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Pause(Model):
    """A queue or a job that is held: what is queued waits, what runs goes on."""

    __tablename__ = "pause"

    scope: Mapped[str] = mapped_column(String(10), primary_key=True)  # queue | job
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    reason: Mapped[str] = mapped_column(String(200), default="")
    actor: Mapped[str] = mapped_column(String(320))
    created_at: Mapped[datetime]
    until: Mapped[datetime | None]  # it ends by itself at this instant; None: when somebody ends it


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
    threads: Mapped[int] = mapped_column(default=1, server_default="1")  # runs it works on at once
    jobs_done: Mapped[int] = mapped_column(default=0)
    jobs_failed: Mapped[int] = mapped_column(default=0, server_default="0")
    memory_bytes: Mapped[int | None]
    pool: Mapped[str | None] = mapped_column(String(40))  # the pool it belongs to, if anybody looks after it


class WorkerPool(Model):
    """Workers that are wanted: on which queues, how many, and whether at all. Their keepers bring it about."""

    __tablename__ = "worker_pool"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    queues: Mapped[list[str]] = mapped_column(JSON, default=list)
    processes: Mapped[int | None]  # None: as the setting EDUPULSE_WORKERS says
    state: Mapped[str] = mapped_column(String(10), default="running")  # running | stopped
    renewals: Mapped[int] = mapped_column(default=0)  # each one lets all its workers be replaced once
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class JobStatistic(Model):
    """What became of the runs of one job that were accepted in one hour: counts, and how long they took.

    A row with the name "" has no counts: it says that the hour was counted (`control/hours.py`).
    """

    __tablename__ = "job_statistic"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    finished: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    cancelled: Mapped[int] = mapped_column(default=0)
    retried: Mapped[int] = mapped_column(default=0)  # took more than one attempt
    retried_finished: Mapped[int] = mapped_column(default=0)  # and finished in the end
    waits: Mapped[dict[str, int]] = mapped_column(
        JSON, default=dict
    )  # number of runs by class of seconds waited
    lengths: Mapped[dict[str, int]] = mapped_column(
        JSON, default=dict
    )  # number of runs by class of seconds worked
    is_whole: Mapped[bool] = mapped_column(default=False)  # no run of this hour is open any more
    reopened: Mapped[int] = mapped_column(
        default=0, server_default="0"
    )  # how often its runs were tried again by hand

    __table_args__ = (Index("ix_job_statistic_hour", "hour"),)


class Workflow(Model):
    """Several jobs that belong together; running -> finished | failed | cancelled."""

    __tablename__ = "workflow"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(20), default="running")
    actor: Mapped[str] = mapped_column(String(320))
    created_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]


class WorkflowStep(Model):
    """One job of a workflow; waiting -> running -> finished | failed | cancelled. Its run exists once it may run."""

    __tablename__ = "workflow_step"

    id: Mapped[int] = mapped_column(primary_key=True)
    workflow_id: Mapped[int] = mapped_column(ForeignKey("workflow.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(60))  # its name inside the workflow
    job: Mapped[str] = mapped_column(String(100))
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # may name results of earlier steps
    needs: Mapped[list[str]] = mapped_column(JSON, default=list)  # keys of the steps that must be over before
    always: Mapped[bool] = mapped_column(default=False)  # runs also when what it needs has failed
    state: Mapped[str] = mapped_column(String(20), default="waiting")
    run_id: Mapped[str | None] = mapped_column(String(100), unique=True)

    __table_args__ = (UniqueConstraint("workflow_id", "key"),)
