"""One stored message is read, told apart and given to whoever deals with it; one that cannot be read is set aside.

The steps: a try is counted; the bytes become an event; the event, what is planned and what needs no effect are
written in one commit; then the other actions are done one by one. After a crash at any step the sweep orders it
again, and what was done is not done twice.
"""

from __future__ import annotations

import contextlib
from typing import Any, cast

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.exc import SQLAlchemyError

from edupulse.control.interruptions import Interruption
from edupulse.control.run import Failure
from edupulse.database import db
from edupulse.errors import EduPulseError
from edupulse.logs import get_logger
from edupulse.mailboxes.dispatch.loops import own_addresses
from edupulse.mailboxes.dispatch.rules import active
from edupulse.mailboxes.dispatch.running import carry_out, run_actions
from edupulse.mailboxes.models import InboundMessage, Mailbox
from edupulse.mailboxes.processing import quarantine
from edupulse.mailboxes.processing.faults import failure_of, is_around_us, recover, words_of
from edupulse.mailboxes.processing.reading import Job, read
from edupulse.mailboxes.processing.recording import keep
from edupulse.transaction import transaction

MOST_TRIES = 3  # the third is not begun: two ended the process

log = get_logger(__name__)


def process(message_id: int) -> dict[str, Any]:
    """Read a message that waits and have it dealt with; for one that was read, do what was left open.

    Raises Unavailable and the like while something outside is away; whatever else goes wrong sets it aside.
    """
    job = _begin(message_id)
    if job is None:
        return _left_open(message_id)
    if job.tries >= MOST_TRIES:
        return _set_aside(job, f"Reading it has ended the process {job.tries - 1} times.")
    try:
        found = read(job)
        actions = keep(job, found)
    except Interruption:
        _give_back(job)
        raise
    except Exception as error:
        if is_around_us(error):
            _give_back(job)
            raise
        log.exception("a message could not be read", inbound=message_id)
        failure = failure_of(error)
        recover(error)
    else:
        kind = found.message.event.classification.kind
        return {"outcome": "processed", "kind": kind, **carry_out(found.message, actions)}
    return _quarantined(job, failure)


def _left_open(message_id: int) -> dict[str, Any]:
    state = db.session.scalar(select(InboundMessage.state).where(InboundMessage.id == message_id))
    if state == "processed":
        return {"outcome": "known", **run_actions(message_id)}
    return {"outcome": state or "gone"}


def _quarantined(job: Job, failure: Failure) -> dict[str, Any]:
    return _set_aside(job, words_of(failure), failure.traceback)


def _set_aside(job: Job, reason: str, traceback: str = "") -> dict[str, Any]:
    is_ours = quarantine.set_aside(job.id, reason, traceback)
    return {"outcome": "quarantined", "reason": reason} if is_ours else {"outcome": "known"}


# Tables, not classes, and made once: they are said for every message, and the ORM would look through its session.
_messages = cast(Table, InboundMessage.__table__)
_mailboxes = cast(Table, Mailbox.__table__)
_COUNTED = (
    update(_messages)
    .where(_messages.c.id == bindparam("inbound_id"), _messages.c.state == "stored")
    .values(tries=_messages.c.tries + 1)
    .returning(
        *(
            _messages.c[name]
            for name in ("id", "tries", "mailbox_id", "storage_key", "sha256", "size", "internal_date")
        )
    )
)
_UNCOUNTED = (
    update(_messages)
    .where(_messages.c.id == bindparam("inbound_id"), _messages.c.state == "stored")
    .values(tries=_messages.c.tries - 1)
)
_MAILBOX = select(
    *(_mailboxes.c[name] for name in ("address", "username", "staff", "largest_bytes", "created_at"))
).where(_mailboxes.c.id == bindparam("mailbox_id"))


def _begin(message_id: int) -> Job | None:
    """Count a try of a message that waits, so that one which ends the process each time is known by it."""
    # A power cut may lose the count, and it did not come from the message.
    with transaction(durable=False) as session:
        row = session.connection().execute(_COUNTED, {"inbound_id": message_id}).one_or_none()
        if row is None:
            return None
        mailbox = session.connection().execute(_MAILBOX, {"mailbox_id": row.mailbox_id}).one()
        return Job(**row._mapping, mailbox=mailbox, own=own_addresses(), rules=active())


def _give_back(job: Job) -> None:
    """Take back a try that came to no end for reasons around us; if that fails too, it counts."""
    with contextlib.suppress(EduPulseError, SQLAlchemyError), transaction(durable=False) as session:
        session.connection().execute(_UNCOUNTED, {"inbound_id": job.id})
