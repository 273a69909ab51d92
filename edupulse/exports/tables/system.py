"""The machine as tables: its jobs, who may sign in, and who did what."""

from __future__ import annotations

from edupulse.accounts.models import ROLES, AuditEntry, User
from edupulse.control.models import STATES, JobRun
from edupulse.exports.table import Table, choice, columns, exactly
from edupulse.notifications.speech import n_

TABLES = (
    Table(
        "runs", n_("Runs of jobs"), "viewer", JobRun.id,
        columns(
            JobRun.id, JobRun.name, JobRun.queue, JobRun.state, JobRun.arguments, JobRun.actor, JobRun.attempts,
            JobRun.created_at, JobRun.started_at, JobRun.ended_at, JobRun.worker, JobRun.result, JobRun.error_class,
            JobRun.error_message,
        ),
        at=JobRun.created_at,
        filters=(
            choice("state", JobRun.state, STATES), exactly("name", JobRun.name), exactly("queue", JobRun.queue)
        ),
    ),
    Table(
        "audit", n_("Audit log"), "admin", AuditEntry.id,
        columns(
            AuditEntry.id, AuditEntry.at, AuditEntry.actor, AuditEntry.action, AuditEntry.subject, AuditEntry.detail
        ),
        at=AuditEntry.at,
        filters=(
            exactly("actor", AuditEntry.actor), exactly("action", AuditEntry.action),
            exactly("subject", AuditEntry.subject),
        ),
    ),
    # Column by column: what a person signs in with is in none of them.
    Table(
        "users", n_("Users"), "admin", User.id,
        columns(
            User.id, User.email, User.name, User.role, User.active, User.locale, User.created_at, User.last_seen_at
        ),
        at=User.created_at,
        filters=(choice("role", User.role, ROLES),),
    ),
)  # fmt: skip
