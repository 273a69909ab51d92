"""Calendar messages may overtake each other: only what is newer than a person's last word counts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from edupulse.mail.addresses import comparable
from edupulse.reminders.calendar_mail import Item
from edupulse.reminders.models import LastWord
from edupulse.transaction import transaction

_EVER = datetime.min.replace(tzinfo=UTC)


class Said(NamedTuple):
    """How new a person's last word was."""

    sequence: int
    stamped_at: datetime | None


def last_word(event_id: int, address: str, item: Item) -> Said | None:
    """Return how new the newest is that this person has said about what `item` speaks of."""
    with transaction() as session:
        row = session.get(LastWord, (event_id, comparable(address), item.instance_name))
        return Said(row.sequence, row.stamped_at) if row else None


def is_news(item: Item, said: Said | None) -> bool:
    """Say whether `item` is newer: by SEQUENCE, then by DTSTAMP (RFC 5546 section 2.1.5).

    A message without DTSTAMP, which it ought to have, is taken for newer unless its SEQUENCE says otherwise.
    """
    if said is None:
        return True
    sequence = item.sequence or 0
    if sequence != said.sequence:
        return sequence > said.sequence
    return item.stamped_at is None or item.stamped_at > (said.stamped_at or _EVER)


def keep_word(event_id: int, address: str, item: Item) -> None:
    """Remember that `item` is the newest this person has said."""
    with transaction() as session:
        session.merge(
            LastWord(
                event_id=event_id,
                address=comparable(address)[:320],
                instance=item.instance_name,
                sequence=item.sequence or 0,
                stamped_at=item.stamped_at,
            )
        )
