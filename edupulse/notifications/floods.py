"""When much of one kind happens at once, nobody is called for each: the first ones are told, then one that sums up."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from edupulse.notifications.kinds import SUMMED_UP, Kind
from edupulse.notifications.models import Notification

AT_MOST = 10  # of one kind to one person within WITHIN: beyond it a person reads the list, not the bell
WITHIN = timedelta(hours=1)


def flooded(session: Session, kind: Kind, user_ids: Collection[int], now: datetime) -> dict[int, bool]:
    """Return who of these has been told enough of `kind` lately, and whether they were told that there is more."""
    keys = [_sum_key(kind, at) for at in (now, now - WITHIN)]
    is_recent = Notification.created_at > now - WITHIN
    sums = select(Notification.user_id).where(
        Notification.user_id.in_(user_ids), Notification.key.in_(keys), is_recent
    )
    summed = set(session.scalars(sums))
    if not (others := [user_id for user_id in user_ids if user_id not in summed]):
        return dict.fromkeys(summed, True)
    many = select(Notification.user_id).where(
        Notification.user_id.in_(others), Notification.kind == kind.key, is_recent
    )
    full = session.scalars(many.group_by(Notification.user_id).having(func.count() >= AT_MOST))
    return {**dict.fromkeys(summed, True), **dict.fromkeys(full, False)}


def quiet(row: dict[str, Any]) -> dict[str, Any]:
    """Return the row of a notification as one that calls nobody; it is kept, so that it is told only once."""
    return {**row, "read_at": row["created_at"], "mail": "none"}


def summing_up(kind: Kind, row: dict[str, Any]) -> dict[str, Any]:
    """Return the row that calls a person once for `row` and all that follow it within the hour."""
    return {**row, "key": _sum_key(kind, row["created_at"]), "facts": {SUMMED_UP: AT_MOST}, "link": kind.room}


def _sum_key(kind: Kind, at: datetime) -> str:
    return f"{kind.key}:many:{at:%Y-%m-%dT%H}"
