"""What one person was told: listed, counted, read. Nobody sees what another was told, or what is beyond their role."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, select, update

from edupulse.clock import now
from edupulse.database import db
from edupulse.errors import NotFound
from edupulse.notifications.kinds import kinds_beyond
from edupulse.notifications.models import Notification
from edupulse.notifications.person import Person
from edupulse.paging import PAGE_SIZE, Order, Page, page_of
from edupulse.transaction import rows_changed, transaction

COUNTED = 100  # the bell says 99+ beyond it, and asks for no more rows than this


def listing(
    user: Person, *, unread_only: bool = False, cursor: str = "", size: int = PAGE_SIZE
) -> Page[Notification]:
    """Return a page of what `user` was told, newest first; raises Invalid for a bad cursor."""
    query = select(Notification).where(*_told_to(user))
    if unread_only:
        query = query.where(Notification.read_at.is_(None))
    return page_of(query, Order(Notification.created_at, Notification.id), cursor=cursor, size=size)


def unread_count(user: Person) -> int:
    """Return how many are unread, at most COUNTED."""
    unread = select(Notification.id).where(*_told_to(user), Notification.read_at.is_(None))
    return db.session.scalar(select(func.count()).select_from(unread.limit(COUNTED).subquery())) or 0


def existing(user: Person, notification_id: int) -> Notification:
    """Return one that `user` was told; raises NotFound, also for what somebody else was told."""
    found = db.session.get(Notification, notification_id)
    if found is None or found.user_id != user.id or found.kind in kinds_beyond(user.role):
        raise NotFound("You were not told of this.", notification_id=notification_id)
    return found


def read(user: Person, notification_id: int) -> Notification:
    """Note that `user` has read it, the first time; raises NotFound."""
    with transaction() as session:
        found = existing(user, notification_id)
        unread = update(Notification).where(Notification.id == found.id, Notification.read_at.is_(None))
        rows_changed(session, unread.values(read_at=now()))
        return found


def read_all(user: Person) -> int:
    """Note that `user` has read everything; return how many were unread."""
    with transaction() as session:
        unread = update(Notification).where(
            *_told_to(user), Notification.read_at.is_(None), Notification.created_at <= now()
        )
        return rows_changed(session, unread.values(read_at=now()))


def _told_to(user: Person) -> list[ColumnElement[bool]]:
    """Return what a row must be for `user` to read it: their role may be smaller than when they were told."""
    mine = [Notification.user_id == user.id]
    beyond = kinds_beyond(user.role)
    return [*mine, Notification.kind.not_in(beyond)] if beyond else mine
