"""One person over everything: each mail to an address, each try at it, what follows, and what is stopped and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from edupulse.database import db
from edupulse.mail.addresses import Address, parse_address
from edupulse.mail.afterwards import Afterwards, what_follows
from edupulse.mail.mailing import Mailing
from edupulse.mail.models import Attempt, Delivery, Sender, Suppression
from edupulse.paging import PAGE_SIZE, Order, Page, page_of


@dataclass(frozen=True)
class Try:
    """One attempt: when, by whom, how far it came, what the server said, and how long it took."""

    at: datetime
    worker: str
    server: str
    phase: str
    verdict: str
    cause: str
    code: int | None
    enhanced: str
    text: str
    ms: int


@dataclass(frozen=True)
class Entry:
    """One mail to the person. `title` is the campaign's, or the subject of a mail that belongs to none."""

    delivery_id: int
    kind: str
    subject_id: str
    mailing_id: int | None
    title: str
    state: str
    reason: str | None
    accepted_at: datetime
    due_at: datetime
    sent_at: datetime | None
    message_id: str
    attempts: tuple[Try, ...]
    next: str  # what happens next, in words


@dataclass(frozen=True)
class Stopped:
    """What the person is not written to about: the scope, why, who or what found out, since when."""

    scope: str
    reason: str
    source: str
    created_at: datetime


@dataclass(frozen=True)
class Timeline:
    """All about one address; `entries` are a page, newest first."""

    address: str
    entries: Page[Entry]
    suppressions: tuple[Stopped, ...]
    counts: dict[str, int]  # state -> mails, over all pages


def timeline(address: str, cursor: str = "", size: int = PAGE_SIZE) -> Timeline:
    """Return every mail to the person, however the address was spelled; raises Invalid for what is none.

    A handful of lookups by index, quick at a million mails.
    """
    person = parse_address(address)
    mine = Delivery.comparable == person.comparable
    page = page_of(
        select(Delivery).where(mine), Order(Delivery.accepted_at, Delivery.id), cursor=cursor, size=size
    )
    counted = select(Delivery.state, func.count()).where(mine).group_by(Delivery.state)
    return Timeline(
        person.comparable,
        Page(_entries(page.items), page.previous, page.next),
        suppressions_of(person),
        {row[0]: row[1] for row in db.session.execute(counted)},
    )


def entry_of(delivery: Delivery) -> Entry:
    """Return one mail with every try at it, and what happens next."""
    return _entries([delivery])[0]


def suppressions_of(person: Address) -> tuple[Stopped, ...]:
    """Return what is stopped for the person, the oldest first."""
    found = (
        select(Suppression).where(Suppression.address == person.comparable).order_by(Suppression.created_at)
    )
    return tuple(
        Stopped(each.scope, each.reason, each.source, each.created_at) for each in db.session.scalars(found)
    )


def _entries(deliveries: Sequence[Delivery]) -> list[Entry]:
    tries = _tries(delivery.id for delivery in deliveries)
    mailings = _by_id(Mailing, {each.mailing_id for each in deliveries if each.mailing_id})
    senders = _by_id(Sender, {each.sender_id for each in deliveries})
    return [
        _entry(each, tries[each.id], mailings.get(each.mailing_id), senders.get(each.sender_id))
        for each in deliveries
    ]


def _entry(delivery: Delivery, tries: list[Try], mailing: Mailing | None, sender: Sender | None) -> Entry:
    return Entry(
        delivery_id=delivery.id,
        kind=delivery.kind,
        subject_id=delivery.subject_id,
        mailing_id=delivery.mailing_id,
        title=mailing.title if mailing else delivery.subject,
        state=delivery.state,
        reason=delivery.reason,
        accepted_at=delivery.accepted_at,
        due_at=delivery.due_at,
        sent_at=delivery.sent_at,
        message_id=delivery.message_id,
        attempts=tuple(tries),
        next=what_follows(Afterwards.of(delivery, mailing, sender)),
    )


def _tries(delivery_ids: Iterable[int]) -> dict[int, list[Try]]:
    found: dict[int, list[Try]] = defaultdict(list)
    wanted = select(Attempt).where(Attempt.delivery_id.in_(list(delivery_ids))).order_by(Attempt.id)
    for each in db.session.scalars(wanted):
        found[each.delivery_id].append(_try(each))
    return found


def _try(each: Attempt) -> Try:
    return Try(
        at=each.at,
        worker=each.worker or "",
        server=each.server,
        phase=each.phase,
        verdict=each.verdict,
        cause=each.cause,
        code=each.code,
        enhanced=each.enhanced,
        text=each.text,
        ms=each.ms,
    )


def _by_id(model: Any, ids: set[Any]) -> dict[Any, Any]:
    return {each.id: each for each in db.session.scalars(select(model).where(model.id.in_(ids)))}
