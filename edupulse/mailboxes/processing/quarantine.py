"""A message that cannot be read is set aside with its reason, so that the next one goes on; it can be put back.

Its bytes are in the storage and stay there: nothing is lost, and a later release may read it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from edupulse.accounts.audit import record
from edupulse.clock import now
from edupulse.control.enqueue import enqueue, enqueue_many
from edupulse.control.models import JobRun
from edupulse.errors import NotFound
from edupulse.mailboxes.dispatch.attention import call_for
from edupulse.mailboxes.models import InboundAction, InboundMessage
from edupulse.transaction import rows_changed, transaction
from edupulse.version import VERSION

LONGEST_REASON = 500  # characters, as the ledger keeps them
FOR_THE_STAFF = "It could not be read and is in quarantine."
_M = InboundMessage
_EMPTY: dict[str, Any] = {
    "quarantined_at": None,
    "quarantine_reason": None,
    "quarantine_traceback": None,
}


def set_aside(message_id: int, reason: str, traceback: str = "") -> bool:
    """Put a message that waits into quarantine; False if somebody else has dealt with it meanwhile.

    `reason` and `traceback` are free of secrets already.
    """
    values = {
        "state": "quarantined",
        "quarantined_at": now(),
        "quarantine_reason": _storable(reason)[:LONGEST_REASON],
        "quarantine_traceback": _storable(traceback) or None,
        "quarantine_version": VERSION,
    }
    with transaction() as session:
        is_ours = _change(session, values, _M.id == message_id, _M.state == "stored") == 1
        if is_ours:
            call_for(message_id, FOR_THE_STAFF)
    return is_ours


def put_back(message_id: int, *, actor: str) -> JobRun:
    """Have a message read anew, whatever became of it: what was done about it is not done twice. Raises NotFound.

    What failed for good is tried again.
    """
    with transaction() as session:
        # Actions before their message, as those who work on them lock them.
        revived = [{"action_id": id} for id in _revived(session, message_id)]
        if not _change(session, {"state": "stored", "tries": 0, **_EMPTY}, _M.id == message_id):
            raise NotFound(f"There is no message {message_id}.", message_id=message_id)
        on_the_list = (_M.id == message_id, _M.attention_why == FOR_THE_STAFF)
        _change(session, {"attention": False, "attention_why": None}, *on_the_list)
        enqueue_many("mailboxes.handle", revived, actor=actor)
        record(actor, "message.replay", f"message:{message_id}")
        return enqueue("mailboxes.process", message_id=message_id, actor=actor)


def _revived(session: Session, message_id: int) -> list[int]:
    """Open again what failed for good; return its ids."""
    dead = update(InboundAction).where(InboundAction.message_id == message_id, InboundAction.state == "dead")
    opened = dead.values(state="pending", tries=0, ended_at=None).returning(InboundAction.id)
    return list(session.scalars(opened.execution_options(synchronize_session=False)))


def _change(session: Session, values: dict[str, Any], *which: ColumnElement[bool]) -> int:
    change = update(_M).where(*which).values(**values)
    return rows_changed(session, change.execution_options(synchronize_session=False))


def _storable(text: str) -> str:
    """Return `text` without what no database keeps: NUL and halves of characters."""
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()
