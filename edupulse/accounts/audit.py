"""Who did what to which thing, written in the same transaction as the deed."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from edupulse.accounts.models import AuditEntry, User
from edupulse.clock import now
from edupulse.database import db
from edupulse.transaction import transaction


def record(actor: str, action: str, subject: str, **detail: Any) -> AuditEntry:
    """Write that `actor` did `action` to `subject`: "ada@school.example", "event.cancel", "event:7".

    The actor may also be "cli:<user>" or "system".
    It joins the running transaction, so that the deed and its entry stand or fall together.
    """
    with transaction() as session:
        entry = AuditEntry(
            at=now(),
            user_id=session.scalar(select(User.id).where(User.email == actor)),
            actor=actor[:320],
            action=action[:80],
            subject=subject[:200],
            detail=json.loads(json.dumps(detail, default=str)),
        )
        session.add(entry)
        session.flush()
    return entry


def entries_of(subject: str, limit: int = 50) -> list[AuditEntry]:
    """Return what was done to `subject`, newest first."""
    wanted = select(AuditEntry).where(AuditEntry.subject == subject).order_by(AuditEntry.id.desc())
    return list(db.session.scalars(wanted.limit(limit)))
