"""Who did what to which thing, written in the same transaction as the deed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from edupulse.accounts.models import AuditEntry, User
from edupulse.clock import now
from edupulse.database import db
from edupulse.paging import PAGE_SIZE, Order, Page, page_of
from edupulse.transaction import transaction


@dataclass(frozen=True)
class AuditFilter:
    """Which acts to list; an empty value means any."""

    actor: str = ""
    action: str = ""  # "campaign.start", or "campaign" for all that is done to them
    subject: str = ""  # "campaign:7", or "campaign" for all of them
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return what holds for each act that matches."""
        found = [
            *_kind_or_one(AuditEntry.action, self.action, "."),
            *_kind_or_one(AuditEntry.subject, self.subject, ":"),
        ]
        if self.actor:
            found.append(AuditEntry.actor == self.actor)
        if self.since:
            found.append(AuditEntry.at >= self.since)
        if self.until:
            found.append(AuditEntry.at < self.until)
        return found


_USER_OF = select(User.id).where(User.email == bindparam("actor"))  # built once: every act asks it


def record(actor: str, action: str, subject: str, **detail: Any) -> AuditEntry:
    """Write that `actor` did `action` to `subject`: "ada@school.example", "event.cancel", "event:7".

    The actor may also be "cli:<user>" or "system".
    It joins the running transaction, so that the deed and its entry stand or fall together.
    """
    with transaction() as session:
        entry = AuditEntry(
            at=now(),
            user_id=session.scalar(_USER_OF, {"actor": actor}),
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


def entries(filters: AuditFilter, *, cursor: str = "", size: int = PAGE_SIZE) -> Page[AuditEntry]:
    """Return a page of the acts that match, newest first; raises Invalid for a bad cursor."""
    query = select(AuditEntry).where(*filters.conditions())
    return page_of(query, Order(AuditEntry.at, AuditEntry.id), cursor=cursor, size=size)


def _kind_or_one(column: InstrumentedAttribute[str], wanted: str, divider: str) -> list[ColumnElement[bool]]:
    if not wanted:
        return []
    return [or_(column == wanted, column.startswith(wanted + divider, autoescape=True))]
