"""What doors show: mailboxes with their health, messages by filter, one message with all that happened to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, TextClause, func, or_, select, text
from sqlalchemy.orm import joinedload

from edupulse.clock import now
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.errors import Invalid
from edupulse.mail.models import Delivery
from edupulse.mailboxes.accounts import existing
from edupulse.mailboxes.event import UnifiedEvent
from edupulse.mailboxes.health import Health, health_of
from edupulse.mailboxes.models import KINDS, MESSAGE_STATES, InboundAction, InboundMessage, Mailbox
from edupulse.mailboxes.orders import existing_message
from edupulse.paging import PAGE_SIZE, Order, Page, page_of

# What programs are told of a message in a list, and of what was done about it.
FACTS = (
    "id", "mailbox_id", "state", "kind", "why", "from_address", "from_name", "subject", "message_id", "snippet",
    "attachments", "defects", "size", "delivery_id", "is_verified", "attention", "attention_why", "settled_at",
    "settled_by", "sent_at", "internal_date", "stored_at", "processed_at",
)  # fmt: skip
FACTS_OF_ACTION = (
    "id", "handler", "rule", "reason", "state", "tries", "outcome", "detail", "created_at", "ended_at",
)  # fmt: skip
LONGEST_THREAD = 100  # messages shown of one conversation
RUNS_SHOWN = 20  # of a message's jobs
NEAR = timedelta(minutes=10)  # around storing and processing


@dataclass(frozen=True)
class Listed:
    """One mailbox for people."""

    mailbox: Mailbox
    health: Health
    messages: int
    quarantined: int
    attention: int


@dataclass(frozen=True)
class Message:
    """One message with what was made of it and what was done about it."""

    row: InboundMessage
    event: UnifiedEvent | None
    actions: Sequence[InboundAction]
    thread: Sequence[InboundMessage]  # others that answer the same mail of ours, oldest first
    delivery: Delivery | None
    runs: Sequence[JobRun]


def listing() -> list[Listed]:
    """Return the mailboxes that are not removed, by name."""
    numbers = _Numbers()
    mailboxes = db.session.scalars(select(Mailbox).where(Mailbox.removed_at.is_(None)).order_by(Mailbox.name))
    return [numbers.of(mailbox) for mailbox in mailboxes]


def one(mailbox_id: int) -> Listed:
    """Return one mailbox, a removed one too; raises NotFound."""
    return _Numbers(InboundMessage.mailbox_id == mailbox_id).of(existing(mailbox_id))


def messages(
    *,
    mailbox_id: int | None = None,
    kind: str = "",
    state: str = "",
    attention: bool | None = None,
    search: str = "",
    cursor: str = "",
    size: int = PAGE_SIZE,
) -> Page[InboundMessage]:
    """Return a page of messages, newest first; `search` is a part of sender, subject or Message-ID.

    Raises Invalid for a kind or state that there is not.
    """
    _require(kind, KINDS, "kind")
    _require(state, MESSAGE_STATES, "state")
    wanted = select(InboundMessage).options(joinedload(InboundMessage.mailbox))
    if mailbox_id is not None:
        wanted = wanted.where(InboundMessage.mailbox_id == mailbox_id)
    if kind:
        wanted = wanted.where(InboundMessage.kind == kind)
    if state:
        wanted = wanted.where(InboundMessage.state == state, *([_TO_DO] if state in TO_DO else []))
    if attention is not None:
        wanted = wanted.where(_TO_LOOK_AT if attention else InboundMessage.attention.is_(False))
    if words := search.strip():
        wanted = wanted.where(or_(*(column.icontains(words, autoescape=True) for column in _SEARCHED)))
    return page_of(wanted, Order(InboundMessage.stored_at, InboundMessage.id), cursor=cursor, size=size)


def message(message_id: int) -> Message:
    """Return one message with its story; raises NotFound."""
    row = existing_message(message_id)
    return Message(
        row=row,
        event=UnifiedEvent.from_json(row.event) if row.event else None,
        actions=row.actions,
        thread=_thread(row),
        delivery=db.session.get(Delivery, row.delivery_id) if row.delivery_id else None,
        runs=_runs(row),
    )


def totals() -> dict[str, int]:
    """Return how many messages wait for a person or lie in quarantine, how many mailboxes there are and fail."""
    quarantined = sum(_by_mailbox(_TO_DO, InboundMessage.state == "quarantined").values())
    attention = sum(_by_mailbox(_TO_LOOK_AT).values())
    boxes = db.session.execute(
        select(func.count(), func.count().filter(Mailbox.enabled, Mailbox.failures > 0)).where(
            Mailbox.removed_at.is_(None)
        )
    ).one()
    return {"attention": attention, "quarantined": quarantined, "mailboxes": boxes[0], "failing": boxes[1]}


_SEARCHED = (
    InboundMessage.from_address,
    InboundMessage.from_name,
    InboundMessage.subject,
    InboundMessage.message_id,
)


class _Numbers:
    """How many messages each mailbox has; the few that matter are counted over their own small indexes."""

    def __init__(self, *of: ColumnElement[bool]) -> None:
        self._all = _by_mailbox(*of)
        self._quarantined = _by_mailbox(*of, _TO_DO, InboundMessage.state == "quarantined")
        self._attention = _by_mailbox(*of, _TO_LOOK_AT)

    def of(self, mailbox: Mailbox) -> Listed:
        found = (self._all, self._quarantined, self._attention)
        return Listed(mailbox, health_of(mailbox, now()), *(each.get(mailbox.id, 0) for each in found))


# Said as the indexes say it, so that SQLite uses them.
TO_DO = ("stored", "quarantined")
_TO_DO = text("inbound_message.state IN ('stored', 'quarantined')")
_TO_LOOK_AT = text("inbound_message.attention")


def _by_mailbox(*which: ColumnElement[bool] | TextClause) -> dict[int, int]:
    counted = (
        select(InboundMessage.mailbox_id, func.count()).where(*which).group_by(InboundMessage.mailbox_id)
    )
    return {row[0]: row[1] for row in db.session.execute(counted)}


def _require(value: str, known: Sequence[str], field: str) -> None:
    if value and value not in known:
        raise Invalid(
            f"{value[:40]!r} is no {field}.", cure=f"Choose one of {', '.join(known)}.", field=field
        )


def _thread(row: InboundMessage) -> Sequence[InboundMessage]:
    if row.delivery_id is None:
        return []
    same = (InboundMessage.delivery_id == row.delivery_id, InboundMessage.id != row.id)
    found = select(InboundMessage).where(*same).order_by(InboundMessage.stored_at).limit(LONGEST_THREAD)
    return db.session.scalars(found).all()


def _runs(row: InboundMessage) -> Sequence[JobRun]:
    """Return the runs that processed it, newest first: they are ordered when it is stored and when it is replayed."""
    about = JobRun.arguments["message_id"].as_integer() == row.id
    near = [JobRun.created_at.between(at - NEAR, at + NEAR) for at in (row.stored_at, row.processed_at) if at]
    runs = select(JobRun).where(JobRun.name == "mailboxes.process", or_(*near), about)
    return db.session.scalars(runs.order_by(JobRun.created_at.desc()).limit(RUNS_SHOWN)).all()
