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
from edupulse.notifications import floods
from edupulse.notifications.kinds import Kind, kind_of
from edupulse.notifications.models import Notification
from edupulse.notifications.preferences import Preference, wishes
from edupulse.transaction import transaction

LONGEST_KEY = 200  # characters, as the column
LONGEST_FACT = 400  # characters: an error is read in full where it happened


def tell(user_ids: Iterable[int], kind: str, key: str, facts: Mapping[str, Any], link: str = "") -> int:
    """Tell these people once of what `key` names; return how many were told now.

    In the caller's transaction, or an own one. Who is switched off, has too small a role or does not want to
    know is passed over; who wants only a mail gets a row that is read already. In a flood of one kind people are
    called once for what is beyond floods.AT_MOST. `link` is a path of this site.
    Raises Invalid for a kind that does not exist.
    """
    wanted = set(user_ids)
    return _tell(kind_of(kind), User.id.in_(wanted), key, facts, link) if wanted else 0


def tell_role(role: str, kind: str, key: str, facts: Mapping[str, Any], link: str = "") -> int:
    """Do the same for everybody who has at least `role`."""
    return _tell(kind_of(kind), User.role.in_(ROLES[ROLES.index(role) :]), key, facts, link)


def _tell(kind: Kind, which: Any, key: str, facts: Mapping[str, Any], link: str) -> int:
    key, moment = key[:LONGEST_KEY], now()
    about = {"kind": kind.key, "key": key, "facts": _storable(facts), "link": link[:300]}
    with transaction() as session:
        rows = [{**about, **each} for each in _rows(session, kind, which, key, moment)]
        flood = floods.flooded(session, kind, [row["user_id"] for row in rows], moment) if rows else {}
        sums = [floods.summing_up(kind, row) for row in rows if flood.get(row["user_id"]) is False]
        told = _insert(session, [floods.quiet(row) if row["user_id"] in flood else row for row in rows])
        _insert(session, sums)
        return told


def _rows(session: Session, kind: Kind, which: Any, key: str, moment: datetime) -> list[dict[str, Any]]:
    """Return whom to tell, and how; who was told of `key` before is left out."""
    told = select(Notification.id).where(Notification.user_id == User.id, Notification.key == key)
    people = session.execute(
        select(User.id, User.role).where(which, User.active, ~told.exists()).order_by(User.id)
    )
    reached = [user_id for user_id, role in people if kind.reaches(role)]
    wishes_of = wishes(kind, reached) if reached else {}
    return [_row(user_id, each, moment) for user_id, each in wishes_of.items() if not each.is_silent]


def _row(user_id: int, wish: Preference, moment: datetime) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "created_at": moment,
        "read_at": None if wish.in_site else moment,
        "mail": "waiting" if wish.by_mail else "none",
    }


def _insert(session: Session, rows: Sequence[dict[str, Any]]) -> int:
    if not rows:
        return 0
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
