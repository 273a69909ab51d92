"""What the doors ask about mail: deliveries by filter, what came of today's, what needs a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Label, and_, func, select

from edupulse.config import current_settings
from edupulse.control import monitor as control
from edupulse.control.monitor import Service
from edupulse.database import db
from edupulse.errors import NotFound
from edupulse.mail.models import OPEN_ROWS, OPEN_STATES, STATES, UNKNOWN_ROWS, Attempt, Delivery, Sender
from edupulse.paging import PAGE_SIZE, Order, Page, page_of

LATE_AFTER = timedelta(seconds=60)  # an open delivery that was due longer ago than this is late
ATTENTION_AGE = timedelta(days=7)  # what was refused longer ago is history


@dataclass(frozen=True)
class DeliveryFilter:
    """Which deliveries to list; an empty value means any."""

    state: str = ""
    kind: str = ""
    address: str = ""  # any part of it
    subject_id: str = ""


@dataclass(frozen=True)
class Attention:
    """What a person should look at, newest first, and how many there are in all."""

    unknown: list[Delivery]
    rejected: list[Delivery]
    late: list[Delivery]
    paused: list[Sender]
    counts: dict[str, int]

    @property
    def total(self) -> int:
        """How many wait for a person; what is merely late goes on by itself."""
        return sum(count for name, count in self.counts.items() if name != "late")


@dataclass(frozen=True)
class Hour:
    """The mails of one hour: those that the server took and those that it did not."""

    starts: datetime
    sent: int
    refused: int


def services(now: datetime) -> list[Service]:
    """Return every part of the system: those that jobs need, and the way out for mail."""
    parts = control.services(now)
    return [*parts, sender_service()] if parts[0].is_up else parts


def sender_service() -> Service:
    """Say whether mail can leave: down until a person acts, degraded while it waits by itself."""
    held = db.session.scalar(select(Sender).where(Sender.paused_at.is_not(None)).order_by(Sender.id).limit(1))
    if held is not None:
        by_itself = held.resume_at is not None
        reason, cure = held.pause_reason or "Sending is paused.", held.pause_cure or ""
        return Service(
            "mail", "degraded" if by_itself else "down", reason, cure, held.paused_at, held.resume_at
        )
    if not current_settings().smtp_server:
        return Service(
            "mail", "down", "No mail server is set, so mail waits.", "Set SMTP_SERVER and its login in .env."
        )
    latest = db.session.scalar(select(Attempt).order_by(Attempt.id.desc()).limit(1))
    server = f"{current_settings().smtp_server}:{current_settings().smtp_port}"
    if latest is None:
        return Service("mail", "up", f"Mail leaves through {server}; nothing was sent yet.")
    return Service("mail", "up", f"Mail leaves through {server}.", since=latest.at)


def paused_senders() -> list[Sender]:
    """Return the senders that are paused until a person lets them go on; a short hold ends by itself."""
    paused = select(Sender).where(Sender.paused_at.is_not(None), Sender.resume_at.is_(None))
    return list(db.session.scalars(paused.order_by(Sender.name)))


def deliveries(filters: DeliveryFilter, cursor: str = "", size: int = PAGE_SIZE) -> Page[Delivery]:
    """Return a page of deliveries, newest first; raises Invalid for a bad cursor."""
    query = select(Delivery)
    exact = (
        (Delivery.state, filters.state),
        (Delivery.kind, filters.kind),
        (Delivery.subject_id, filters.subject_id),
    )
    for column, value in exact:
        if value:
            query = query.where(column == value)
    if filters.address:
        query = query.where(Delivery.address.icontains(filters.address, autoescape=True))
    return page_of(query, Order(Delivery.accepted_at, Delivery.id), cursor=cursor, size=size)


def delivery(delivery_id: int) -> Delivery:
    """Return one delivery; raises NotFound."""
    found = db.session.get(Delivery, delivery_id)
    if found is None:
        raise NotFound(f"There is no delivery {delivery_id}.", delivery_id=delivery_id)
    return found


def counts_since(since: datetime) -> dict[str, int]:
    """Return how many deliveries accepted since then stand in each state."""
    counted = (
        select(Delivery.state, func.count()).where(Delivery.accepted_at >= since).group_by(Delivery.state)
    )
    found = {row[0]: row[1] for row in db.session.execute(counted)}
    return {state: found[state] for state in STATES if state in found}


def attention(now: datetime, limit: int = 5) -> Attention:
    """Return what a person should look at."""
    wanted: dict[str, ColumnElement[bool]] = {
        "unknown": and_(UNKNOWN_ROWS, Delivery.state == "unknown"),
        "rejected": and_(Delivery.state == "rejected", Delivery.accepted_at >= now - ATTENTION_AGE),
        # The mails of a mailing have their own progress and are not late one by one.
        "late": and_(
            OPEN_ROWS,
            Delivery.state.in_(OPEN_STATES),
            Delivery.mailing_id.is_(None),
            Delivery.due_at < now - LATE_AFTER,
        ),
    }
    counts = {name: _count(condition) for name, condition in wanted.items()}
    found = {name: _newest(condition, limit) if counts[name] else [] for name, condition in wanted.items()}
    paused = paused_senders()
    return Attention(
        found["unknown"], found["rejected"], found["late"], paused, counts | {"paused": len(paused)}
    )


def sent_per_hour(now: datetime, hours: int = 24) -> list[Hour]:
    """Return the mails of the last `hours` hours by the hour in which they were accepted, oldest first."""
    first = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours - 1)
    counted = select(_hour_accepted(), Delivery.state, func.count()).where(Delivery.accepted_at >= first)
    found = {(row[0], row[1]): row[2] for row in db.session.execute(counted.group_by("hour", Delivery.state))}
    starts = [first + timedelta(hours=offset) for offset in range(hours)]
    return [Hour(start, _sum(found, start, _TAKEN), _sum(found, start, _REFUSED)) for start in starts]


_TAKEN = ("sent",)
_REFUSED = ("rejected", "unknown", "bounced")


def _hour_accepted() -> Label[str]:
    """Return the expression for the UTC hour, "2026-03-12 09", in the words of the database below."""
    if db.engine.dialect.name == "sqlite":
        hour = func.strftime("%Y-%m-%d %H", Delivery.accepted_at)
    else:
        hour = func.to_char(func.timezone("UTC", Delivery.accepted_at), "YYYY-MM-DD HH24")
    return hour.label("hour")


def _sum(found: Mapping[tuple[str, str], int], start: datetime, states: tuple[str, ...]) -> int:
    return sum(found.get((f"{start:%Y-%m-%d %H}", state), 0) for state in states)


def _count(condition: ColumnElement[bool]) -> int:
    return db.session.scalar(select(func.count()).select_from(Delivery).where(condition)) or 0


def _newest(condition: ColumnElement[bool], limit: int) -> list[Delivery]:
    return list(
        db.session.scalars(select(Delivery).where(condition).order_by(Delivery.id.desc()).limit(limit))
    )
