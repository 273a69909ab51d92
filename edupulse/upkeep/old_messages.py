"""What received messages said goes when its time is over; that they came, and what was done about them, stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Select, func, select, update

from edupulse.control.execution import check_stop
from edupulse.database import db
from edupulse.mailboxes.models import InboundAction, InboundMessage
from edupulse.storage import INBOUND, Kept
from edupulse.transaction import look_anew, transaction
from edupulse.upkeep import orphans
from edupulse.upkeep.amount import Amount

AT_ONCE = orphans.LET_GO_AT_ONCE  # messages in one transaction, for their bytes go together
GONE = "gone"  # instead of the shelf: a key under which nothing is ever kept


class OldMessages:
    """The bytes and the text of messages that are dealt with; see Old."""

    def count(self, until: datetime) -> Amount:
        look_anew()
        its = _old(until).with_only_columns(func.count(), func.coalesce(func.sum(InboundMessage.size), 0))
        rows, size = db.session.execute(its.order_by(None)).one()
        return Amount(rows, int(size))

    def delete(self, until: datetime) -> Iterator[Amount]:
        while forgotten := self._forget_some(until):
            # Another mailbox may have the same message; what stays by mistake is an orphan of the next nights.
            went = orphans.let_go(forgotten)
            yield Amount(len(forgotten), went.bytes)
            check_stop()

    def _forget_some(self, until: datetime) -> list[Kept]:
        with transaction() as session:
            some = _old(until).limit(AT_ONCE).with_for_update(of=InboundMessage, skip_locked=True)
            found = session.execute(some).all()
            for row in found:
                said = {"event": None, "snippet": "", "quarantine_traceback": None}
                key = row.storage_key.replace(INBOUND, GONE, 1)
                session.execute(
                    update(InboundMessage)
                    .where(InboundMessage.id == row.id)
                    .values(storage_key=key, **said)
                    .execution_options(synchronize_session=False)
                )
        return [Kept(row.storage_key, row.size, None) for row in found]


def _old(until: datetime) -> Select[int, str, int]:
    """Select messages that are read and dealt with: nothing of them waits for a handler or for a person."""
    unfinished = select(InboundAction.id).where(
        InboundAction.message_id == InboundMessage.id, InboundAction.state != "done"
    )
    return (
        select(InboundMessage.id, InboundMessage.storage_key, InboundMessage.size)
        .where(
            InboundMessage.stored_at < until,
            InboundMessage.state == "processed",
            InboundMessage.attention.is_(False),
            InboundMessage.storage_key.startswith(f"{INBOUND}/"),
            ~unfinished.exists(),
        )
        .order_by(InboundMessage.stored_at)
    )
