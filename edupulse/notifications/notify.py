"""What happened is told to people: one row for each who wants to know, once, and a mail where they want one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from edupulse.accounts.models import ROLES, User
from edupulse.clock import now
from edupulse.control.enqueue import enqueue
from edupulse.mail.once import insert_once
from edupulse.notifications.kinds import Kind, kind_of
from edupulse.notifications.models import Notification
from edupulse.notifications.preferences import Preference, wishes
from edupulse.transaction import transaction

LONGEST_KEY = 200  # characters, as the column
LONGEST_FACT = 400  # characters: an error is read in full where it happened


def tell(user_ids: Iterable[int], kind: str, key: str, facts: Mapping[str, Any], link: str = "") -> int:
    """Tell these people once of what `key` names; return how many were told now.

    In the caller's transaction, or an own one. Who is switched off, has too small a role or does not want to
    know is passed over; who wants only a mail gets a row that is read already. `link` is a path of this site.
    Raises Invalid for a kind that does not exist.
    """
    wanted = set(user_ids)
    return _tell(kind_of(kind), User.id.in_(wanted), key, facts, link) if wanted else 0


def tell_role(role: str, kind: str, key: str, facts: Mapping[str, Any], link: str = "") -> int:
    """Do the same for everybody who has at least `role`."""
    return _tell(kind_of(kind), User.role.in_(ROLES[ROLES.index(role) :]), key, facts, link)


def _tell(kind: Kind, which: Any, key: str, facts: Mapping[str, Any], link: str) -> int:
    with transaction() as session:
        people = session.execute(select(User.id, User.role).where(which, User.active).order_by(User.id))
        reached = [user_id for user_id, role in people if kind.reaches(role)]
        wanted = [(user_id, each) for user_id, each in wishes(kind, reached).items() if not each.is_silent]
        about = {"kind": kind.key, "key": key[:LONGEST_KEY], "facts": _storable(facts), "link": link[:300]}
        rows = [{**about, **_row(user_id, each, now())} for user_id, each in wanted]
        return _insert(session, rows) if rows else 0


def _row(user_id: int, wish: Preference, moment: datetime) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "created_at": moment,
        "read_at": None if wish.in_site else moment,
        "mail": "waiting" if wish.by_mail else "none",
    }


def _insert(session: Session, rows: Sequence[dict[str, Any]]) -> int:
    new = session.execute(
        insert_once(session, Notification).returning(Notification.id, Notification.mail), rows
    ).all()
    for row in new:
        if row.mail == "waiting":
            ask_for_mail(row.id)
    return len(new)


def ask_for_mail(notification_id: int) -> None:
    """Let the mail of a notification be written after the running transaction; asked twice, it is written once."""
    enqueue(
        "notifications.send_notification_email",
        unique_key=f"notification-mail:{notification_id}",
        notification_id=notification_id,
    )


def _storable(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts with texts that any database keeps and a reader gets through."""
    return {
        name: value.replace("\0", "\ufffd")[:LONGEST_FACT] if isinstance(value, str) else value
        for name, value in facts.items()
    }
