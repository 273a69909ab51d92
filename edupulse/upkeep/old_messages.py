"""What received messages said goes when its time is over; that they came, and what was done about them, stays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Row, Select, func, select, tuple_, update

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
        rows, size = db.session.execute(its).one()
        return Amount(rows, int(size))

    def delete(self, until: datetime) -> Iterator[Amount]:
        last: tuple[datetime, int] | None = None
        while some := _next(until, last):
            forgotten = _forget(until, [row.id for row in some])
            # Another mailbox may have the same message; what stays by mistake is an orphan of the next nights.
            went = orphans.let_go(forgotten)
            yield Amount(len(forgotten), went.bytes)
            last = some[-1].stored_at, some[-1].id
            check_stop()


def _next(until: datetime, last: tuple[datetime, int] | None) -> Sequence[Row[int, str, int, datetime]]:
    """Look for some behind `last`, before the lock: it may be a long way through those of earlier nights."""
    look_anew()
    place = InboundMessage.stored_at, InboundMessage.id
    behind = _old(until) if last is None else _old(until).where(tuple_(*place) > last)
    return db.session.execute(behind.order_by(*place).limit(AT_ONCE)).all()


def _forget(until: datetime, ids: list[int]) -> list[Kept]:
    """Clear what these messages said, as far as nobody needs it by now; return where their bytes are."""
    still = _old(until).where(InboundMessage.id.in_(ids))
    with transaction() as session:
        found = session.execute(still.with_for_update(of=InboundMessage, skip_locked=True)).all()
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


def _old(until: datetime) -> Select[int, str, int, datetime]:
    """Select messages that are read and dealt with: nothing of them waits for a handler or for a person."""
    unfinished = select(InboundAction.id).where(
        InboundAction.message_id == InboundMessage.id, InboundAction.state != "done"
    )
    row = select(InboundMessage.id, InboundMessage.storage_key, InboundMessage.size, InboundMessage.stored_at)
    return row.where(
        InboundMessage.stored_at < until,
        InboundMessage.state == "processed",
        InboundMessage.attention.is_(False),
        InboundMessage.storage_key.startswith(f"{INBOUND}/"),
        ~unfinished.exists(),
    )
