"""What was fetched is kept: bytes in the storage first, then rows, cursor and jobs in one commit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, select, update
from sqlalchemy.orm import Session

from edupulse.clock import now
from edupulse.control.enqueue import enqueue_many
from edupulse.mail.once import insert_once
from edupulse.mailboxes.models import Arrival, Cursor, InboundMessage
from edupulse.mailboxes.polling.locks import Hold, confirm
from edupulse.storage import Stored
from edupulse.transaction import transaction

PROCESS = "mailboxes.process"


@dataclass(frozen=True)
class Fresh:
    """One message that lies in the storage and has no row yet."""

    uid: int
    stored: Stored
    internal_date: datetime | None


@dataclass(frozen=True)
class Kept:
    """How many of a batch are new, and how many are known by their bytes."""

    new: int
    known: int


def keep(hold: Hold, cursor_id: int, batch: Sequence[Fresh], *, upto: int, tell_server: bool) -> Kept:
    """Write a batch down and move the cursor to the UID `upto`, all or nothing; raises Lost.

    Bytes that this mailbox has had before are the same message: only the UID is noted.
    """
    moment = now()
    with transaction() as session:
        confirm(session, hold, moment, **({"received_at": moment} if batch else {}))
        ids, new = _messages(session, hold.mailbox_id, batch, moment)
        if batch:
            arrivals = [_arrival(cursor_id, each, ids, moment, tell_server) for each in batch]
            session.execute(insert_once(session, Arrival), arrivals)
        session.execute(
            update(_C).where(_C.c.id == cursor_id, _C.c.last_uid < upto).values(last_uid=upto, used_at=moment)
        )
        enqueue_many(PROCESS, [{"message_id": id} for id in new])
    return Kept(len(new), len(batch) - len(new))


_C = cast(Table, Cursor.__table__)


def _messages(
    session: Session, mailbox_id: int, batch: Iterable[Fresh], moment: datetime
) -> tuple[dict[str, int], list[int]]:
    """Return the id of each message by its hash, and those that are new."""
    rows = {each.stored.sha256: _row(mailbox_id, each, moment) for each in batch}
    if not rows:
        return {}, []
    inserted = session.execute(
        insert_once(session, InboundMessage).returning(InboundMessage.id, InboundMessage.sha256),
        list(rows.values()),
    ).all()
    ids = {row.sha256: row.id for row in inserted}
    if rest := rows.keys() - ids.keys():
        known = select(InboundMessage.sha256, InboundMessage.id).where(
            InboundMessage.mailbox_id == mailbox_id, InboundMessage.sha256.in_(rest)
        )
        ids |= {row.sha256: row.id for row in session.execute(known)}
    return ids, [row.id for row in inserted]


def _row(mailbox_id: int, each: Fresh, moment: datetime) -> dict[str, Any]:
    return {
        "mailbox_id": mailbox_id,
        "sha256": each.stored.sha256,
        "size": each.stored.size,
        "storage_key": each.stored.key,
        "internal_date": each.internal_date,
        "stored_at": moment,
        "state": "stored",
    }


def _arrival(
    cursor_id: int, each: Fresh, ids: dict[str, int], moment: datetime, tell_server: bool
) -> dict[str, Any]:
    return {
        "cursor_id": cursor_id,
        "uid": each.uid,
        "message_id": ids[each.stored.sha256],
        "seen_at": moment,
        "tell_server": tell_server,
    }
