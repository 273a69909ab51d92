"""The messages that were received in a period, by what they are, and which of them need a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, select, text

from edupulse.counting import counts, within
from edupulse.database import db
from edupulse.mailboxes.models import KINDS, InboundMessage

# Written out as in the partial indexes: a bound value in its place, and SQLite would read all messages.
_TO_LOOK_AT = text("inbound_message.attention")
_TO_DO = text("inbound_message.state IN ('stored', 'quarantined')")
_QUARANTINED = text("inbound_message.state = 'quarantined'")

_COUNTED: dict[str, tuple[Any, ...]] = {
    "received": (),
    **{kind: (InboundMessage.kind == kind,) for kind in KINDS},
    "attention": (_TO_LOOK_AT,),
    "quarantined": (_TO_DO, _QUARANTINED),
}


def collect(begin: datetime, end: datetime) -> dict[str, int | float]:
    """Return the messages received in the period; one that is not read yet is of no kind."""
    found = db.session.execute(_question(), {"begin": begin, "end": end}).one()
    return dict(zip(_COUNTED, found, strict=True))


def series(edges: Sequence[datetime]) -> list[int]:
    """Return how many messages were received in each part."""
    return counts(InboundMessage.stored_at, edges)


@cache
def _question() -> Select[*tuple[int, ...]]:
    """Return one question for all figures; each has an index of its own."""
    received = within(InboundMessage.stored_at, bindparam("begin"), bindparam("end"))
    each = (select(func.count()).where(*received, *which) for which in _COUNTED.values())
    return select(*(one.select_from(InboundMessage).scalar_subquery() for one in each))
