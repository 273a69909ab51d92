"""What was read of a message is written in one commit: its event, what is planned, and what needs nothing else."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, case, false, null, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from edupulse.clock import now
from edupulse.mailboxes.dispatch.attention import LONGEST_WHY
from edupulse.mailboxes.dispatch.planning import Planned
from edupulse.mailboxes.dispatch.running import LONGEST_OUTCOME, Begun
from edupulse.mailboxes.handling import Done
from edupulse.mailboxes.models import InboundAction, InboundMessage
from edupulse.mailboxes.processing.quarantine import FOR_THE_STAFF
from edupulse.mailboxes.processing.reading import Job, Read
from edupulse.transaction import transaction

LONGEST_SNIPPET = 200  # characters


# Tables, not classes, and made once: they are said for every message.
_messages = cast(Table, InboundMessage.__table__)
_actions = cast(Table, InboundAction.__table__)
_INSERT_UNLESS_KNOWN = {
    dialect: upsert(_actions).on_conflict_do_nothing().returning(_actions.c.key, _actions.c.id)
    for dialect, upsert in (("sqlite", sqlite_insert), ("postgresql", postgresql_insert))
}
_SUMMARY = (
    "kind", "why", "from_address", "from_name", "subject", "message_id", "sent_at", "snippet", "attachments",
    "defects", "event", "delivery_id", "is_verified", "processed_at",
)  # fmt: skip
# Who has read it proves that it can be read: another run at the same moment may have set it aside meanwhile.
_NOT_READ = _messages.c.state.in_(("stored", "quarantined"))
_WAS_SET_ASIDE = _messages.c.attention_why == FOR_THE_STAFF
_WRITE_QUIETLY = (
    update(_messages)
    .where(_messages.c.id == bindparam("inbound_id"), _NOT_READ)
    .values(
        state="processed",
        quarantined_at=None,
        quarantine_reason=None,
        quarantine_traceback=None,
        attention=case((_WAS_SET_ASIDE, false()), else_=_messages.c.attention),
        attention_why=case((_WAS_SET_ASIDE, null()), else_=_messages.c.attention_why),
        **{name: bindparam(name) for name in _SUMMARY},
    )
)
_WRITE = _WRITE_QUIETLY.values(
    attention=True, attention_why=bindparam("attention_why"), settled_at=None, settled_by=None
)


class _Overtaken(Exception):
    """Another run has written this message meanwhile."""


def keep(job: Job, read: Read) -> list[Begun]:
    """Write what was read; return the actions that are still to be done, none if another run was faster."""
    rows = {each.key: _action(job, each, read.done.get(each.key)) for each in read.planned}
    new: dict[str, int] = {}
    # It can be made anew from the storage: a power cut before the next commit costs time only.
    with contextlib.suppress(_Overtaken), transaction(durable=False) as session:
        inserted = _insert(session, list(rows.values()))
        if not _write(session, job, read, [read.done[key] for key in inserted if key in read.done]):
            raise _Overtaken
        new = inserted
    return [_begun(job, id, rows[key]) for key, id in new.items() if key not in read.done]


def _begun(job: Job, id: int, row: dict[str, Any]) -> Begun:
    return Begun(id, job.id, row["key"], row["handler"], row["rule"], row["tries"], row["detail"])


def _insert(session: Session, rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Write the actions that are not there yet; return their ids by key."""
    connection = session.connection()
    written = connection.execute(_INSERT_UNLESS_KNOWN[connection.dialect.name], rows)
    return {row.key: row.id for row in written}


def _action(job: Job, planned: Planned, done: Done | None) -> dict[str, Any]:
    moment = now()
    return {
        "message_id": job.id, "key": planned.key, "handler": planned.handler, "rule": planned.rule,
        "reason": planned.reason, "created_at": moment,
        # The first try follows at once, and counts from here.
        "tries": 1, "state": "done" if done else "pending", "ended_at": moment if done else None,
        "outcome": done.words[:LONGEST_OUTCOME] if done else "",
        "detail": done.detail if done else ({"arguments": planned.arguments} if planned.arguments else {}),
    }  # fmt: skip


def _write(session: Session, job: Job, read: Read, new: Sequence[Done]) -> bool:
    values = {**_summary(read), "inbound_id": job.id, "processed_at": now()}
    if why := next((each.attention for each in new if each.attention), ""):
        values |= {
            "attention": True,
            "attention_why": why[:LONGEST_WHY],
            "settled_at": None,
            "settled_by": None,
        }
    written = session.connection().execute(_WRITE if why else _WRITE_QUIETLY, values)
    return written.rowcount == 1


def _summary(read: Read) -> dict[str, Any]:
    event = read.message.event
    text = " ".join((event.reply_text or event.text)[: LONGEST_SNIPPET * 5].split())
    return {
        "kind": event.classification.kind,
        "why": "; ".join(event.classification.reasons)[:LONGEST_WHY],
        "from_address": event.author.address.lower()[:320],
        "from_name": event.author.name[:200],
        "subject": event.subject[:998],
        "message_id": event.message_id[:998],
        "sent_at": _instant(event.date),
        "snippet": text[:LONGEST_SNIPPET],
        "attachments": sum(not each.inline for each in event.attachments),
        "defects": len(event.defects),
        "event": event.as_json(),
        "delivery_id": read.thread.delivery_id,
        "is_verified": read.thread.is_verified,
    }


def _instant(written: str | None) -> datetime | None:
    if not written:
        return None
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        return None
