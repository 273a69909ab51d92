"""A stored message as rules and handlers get it: what it says, and its bytes when they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Row, select

from edupulse.database import db
from edupulse.errors import Conflict, NotFound
from edupulse.mailboxes.event import UnifiedEvent
from edupulse.mailboxes.handling import Inbound
from edupulse.mailboxes.models import InboundMessage, Mailbox
from edupulse.mailboxes.parse import part_bytes
from edupulse.storage import storage

AROUND = timedelta(hours=1)  # that the server's clock may be behind ours

_COLUMNS = (
    InboundMessage.id, InboundMessage.mailbox_id, InboundMessage.storage_key, InboundMessage.event,
    InboundMessage.delivery_id, InboundMessage.is_verified, InboundMessage.internal_date,
    Mailbox.address, Mailbox.username, Mailbox.staff, Mailbox.created_at,
)  # fmt: skip


def inbound(message_id: int) -> Inbound:
    """Return a message that was read; raises NotFound, and Conflict for one that was not read yet."""
    wanted = select(*_COLUMNS).join(Mailbox, Mailbox.id == InboundMessage.mailbox_id)
    row = db.session.execute(wanted.where(InboundMessage.id == message_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no message {message_id}.", message_id=message_id)
    if row.event is None:
        raise Conflict(
            f"Message {message_id} was not read yet.",
            cure="Wait a moment, or replay it.",
            message_id=message_id,
        )
    return Inbound(
        id=row.id,
        mailbox_id=row.mailbox_id,
        event=UnifiedEvent.from_json(row.event),
        own_address=own_address(row),
        read_raw=reader(row.storage_key),
        read_attachment=part_reader(row.storage_key),
        delivery_id=row.delivery_id,
        is_verified=row.is_verified,
        staff=tuple(row.staff or ()),
        is_old=is_old(row.internal_date, row.created_at),
    )


def own_address(row: Row[object]) -> str:
    """Return the address of the mailbox in `row`, as `Mailbox.own_address` does."""
    username: str = row.username
    return row.address or (username if "@" in username else "")


def is_old(internal_date: datetime | None, entered_at: datetime) -> bool:
    """Say whether a message came to its mailbox before the mailbox was entered here, by the server's clock."""
    return internal_date is not None and internal_date < entered_at - AROUND


def reader(key: str) -> Callable[[], bytes]:
    """Return what reads the whole message under `key`."""
    return lambda: storage().read(key)


def part_reader(key: str) -> Callable[[int], bytes]:
    """Return what reads one attachment of the message under `key`, decoded."""
    return lambda index: part_bytes(storage().read(key), index)
