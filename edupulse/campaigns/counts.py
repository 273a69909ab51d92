"""How many mails of a mailing stand in each state: one look at an index, whatever the size of the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import func, select

from edupulse.database import db
from edupulse.mail.models import OPEN_STATES, STATES, Delivery


def counts_of(mailing_ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """Return for each mailing how many deliveries stand in each state, zeros included; one look at an index."""
    found = {mailing_id: dict.fromkeys(STATES, 0) for mailing_id in mailing_ids}
    counted = (
        select(Delivery.mailing_id, Delivery.state, func.count())
        .where(Delivery.mailing_id.in_(list(found)))
        .group_by(Delivery.mailing_id, Delivery.state)
    )
    rows: Iterable[Any] = db.session.execute(counted)
    for row in rows:
        found[row[0]][row[1]] = row[2]
    return found


def settled(counts: Mapping[str, int]) -> int:
    """Return how many of the counted mails are over."""
    return sum(count for state, count in counts.items() if state not in OPEN_STATES)
