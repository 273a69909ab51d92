"""The bytes of a message become what it says, which mail of ours it answers, and what is to be done about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from edupulse.mailboxes.classify import classify
from edupulse.mailboxes.dispatch.planning import Planned, plan
from edupulse.mailboxes.dispatch.rules import Rule
from edupulse.mailboxes.dispatch.threads import Thread, thread_of
from edupulse.mailboxes.dispatch.wishes import why_wish
from edupulse.mailboxes.event import Classification, UnifiedEvent
from edupulse.mailboxes.handlers import at_once
from edupulse.mailboxes.handling import Done, Inbound
from edupulse.mailboxes.parse import Parsed, parse, parse_head
from edupulse.mailboxes.processing.inbound import is_old, own_address, part_reader, reader
from edupulse.storage import storage

HEAD = 1 << 20  # bytes that are read of a message which is too large to be taken apart


class Job(NamedTuple):
    """A message of which a try has begun, and what is known of its mailbox."""

    id: int
    tries: int
    mailbox_id: int
    storage_key: str
    sha256: str
    size: int
    internal_date: datetime | None
    mailbox: Any  # its address, username, staff, largest_bytes and created_at
    own: frozenset[str]  # every address of ours
    rules: list[Rule]


@dataclass(frozen=True)
class Read:
    """What a message says, and what is to be done about it; `done` are the outcomes that need nothing else."""

    message: Inbound
    thread: Thread
    planned: list[Planned]
    done: dict[str, Done]


def read(job: Job) -> Read:
    """Read a message and plan what is to be done about it; nothing is written. Raises what its bytes bring about."""
    event, thread = _event(job)
    message = Inbound(
        id=job.id,
        mailbox_id=job.mailbox_id,
        event=event,
        own_address=own_address(job.mailbox),
        read_raw=reader(job.storage_key),
        read_attachment=part_reader(job.storage_key),
        delivery_id=thread.delivery_id,
        is_verified=thread.is_verified,
        staff=tuple(job.mailbox.staff or ()),
        is_old=is_old(job.internal_date, job.mailbox.created_at),
    )
    planned = plan(message, job.rules)
    done = {each.key: said for each in planned if (said := at_once(each.handler, message)) is not None}
    return Read(message, thread, planned, done)


def _event(job: Job) -> tuple[UnifiedEvent, Thread]:
    event = classify(_parsed(job), own_addresses=job.own)
    thread = thread_of(event)
    if event.classification.kind == "other":
        event = replace(event, classification=_by_our_mails(event, thread))
    return event, thread


def _by_our_mails(event: UnifiedEvent, thread: Thread) -> Classification:
    """Return the kind that only who knows our own mails can tell."""
    if why := why_wish(event):
        return Classification("unsubscribe", reasons=(why,))
    if thread.delivery_id is None:
        return event.classification
    return Classification("reply", 1.0 if thread.is_verified else 0.5, (f"Found by {thread.how}.",))


def _parsed(job: Job) -> Parsed:
    if job.size <= job.mailbox.largest_bytes:
        return parse(storage().read(job.storage_key), own_addresses=job.own)
    with storage().open(job.storage_key) as file:
        head = file.read(HEAD)
    why = f"it has {job.size:,} bytes, and this mailbox takes apart up to {job.mailbox.largest_bytes:,}"
    return parse_head(head, sha256=job.sha256, size=job.size, why=why)
