"""Who holds a mail: taken by one worker, marked before its final dot, given back when the worker is gone."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Row, Table, bindparam, exists, or_, select, update
from sqlalchemy.orm import Session

from edupulse.clock import now
from edupulse.control.workers import current_worker_name
from edupulse.mail.abandoned import in_hand
from edupulse.mail.addresses import comparable
from edupulse.mail.limits import allowance, reserve_turns
from edupulse.mail.models import OPEN_ROWS, Delivery, DeliveryContent, Sender, Suppression
from edupulse.mail.outcome import Outcome
from edupulse.mail.providers import Provider
from edupulse.mail.retry import hold_until
from edupulse.mail.senders import said, wake_sweep
from edupulse.mail.suppressions import EVERYTHING, Stops, scopes_of, stops_for
from edupulse.transaction import rows_changed, transaction

EXPIRED = "Its time had passed before it could be sent."


@dataclass(frozen=True)
class Content:
    """What a claimed mail says."""

    text: str
    html: str
    headers: Mapping[str, str]
    attachments: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Claimed:
    """One mail in hand: a copy of its row, so that nothing asks the database while the network is used."""

    id: int
    token: str
    kind: str
    sender_id: int
    address: str
    recipient_name: str
    subject: str
    message_id: str
    accepted_at: datetime
    expires_at: datetime | None
    attempts_made: int
    tries: int
    content: Content


@contextmanager
def taken(delivery_ids: Sequence[int], moment: datetime, provider: Provider) -> Iterator[list[Claimed]]:
    """Claim those of the deliveries that wait, for the block; what is left at its end is given back.

    What has expired or is suppressed ends instead; what `provider` does not allow yet gets a later turn.
    """
    token = secrets.token_hex(8)
    with in_hand(token):
        yield _take(delivery_ids, token, moment, provider)


def mark_dot(mail: Claimed) -> bool:
    """Note that the final dot goes out now; False if the mail must not leave any more.

    The last look: still ours, not expired, not suppressed, and the account not paused by or for a person.
    A hold that ends by itself stops new claims only: the server will say what it thinks of this one.
    """
    values = {
        "mail": mail.id,
        "token": mail.token,
        "moment": now(),
        "comparable": comparable(mail.address),
        "scope": scopes_of(mail.kind)[-1],
    }
    with transaction() as session:
        marked = rows_changed(session, _MARK_DOT, values)
    return marked == 1


def let_go(mail: Claimed) -> str:
    """Put down a mail that must not leave (see `mark_dot`); return the state in which it is now."""
    moment = now()
    with transaction() as session:
        row = session.execute(select(_D.c.state, _D.c.claim, _D.c.dot_at).where(_D.c.id == mail.id)).one()
        if (row.state, row.claim, row.dot_at) != ("sending", mail.token, None):
            return str(row.state)
        state, reason = _end_of(mail, stops_for([mail.address]), moment) or ("queued", None)
        values = {"state": state, "reason": reason, "claim": None}
        session.execute(update(_D).where(_D.c.id == mail.id).values(values))
    return state


def postpone(mail: Claimed, outcome: Outcome) -> None:
    """Put off all that the claim of `mail` holds, for as long as the server asked; no mail is charged."""
    moment = now()
    at = hold_until(moment, failures=mail.tries, retry_after=outcome.retry_after)
    held = (OPEN_ROWS, _D.c.state == "sending", _D.c.claim == mail.token, _D.c.dot_at.is_(None))
    values = {
        "state": "deferred",
        "reason": said(outcome),
        "claim": None,
        "next_attempt_at": at,
        "tries": _D.c.tries + 1,
    }
    with transaction() as session:
        session.execute(update(_D).where(*held).values(values))
        wake_sweep(at)


_D = cast(Table, Delivery.__table__)
_COLUMNS = [_D.c[name] for name in (
    "id", "kind", "sender_id", "address", "recipient_name", "subject", "message_id",
    "accepted_at", "expires_at", "attempts_made", "tries",
)]  # fmt: skip
_MARK_DOT = (
    update(_D)
    .where(
        _D.c.id == bindparam("mail"),
        _D.c.claim == bindparam("token"),
        _D.c.state == "sending",
        _D.c.dot_at.is_(None),
        or_(_D.c.expires_at.is_(None), _D.c.expires_at > bindparam("moment")),
        ~exists().where(
            Sender.id == _D.c.sender_id, Sender.paused_at.is_not(None), Sender.resume_at.is_(None)
        ),
        ~exists().where(
            Suppression.address == bindparam("comparable"),
            or_(Suppression.scope == EVERYTHING, Suppression.scope == bindparam("scope")),
        ),
    )
    .values(dot_at=bindparam("moment"))
)


def _take(delivery_ids: Sequence[int], token: str, moment: datetime, provider: Provider) -> list[Claimed]:
    due = (_D.c.id.in_(delivery_ids), _D.c.state == "queued", _D.c.next_attempt_at <= moment)
    with transaction(durable=False) as session:
        # On PostgreSQL a second worker with the same mails passes over them instead of waiting.
        waiting = (
            select(*_COLUMNS).where(*due).order_by(_D.c.due_at, _D.c.id).with_for_update(skip_locked=True)
        )
        rows = session.execute(waiting).all()
        wanted = _within_limits(session, _still_wanted(session, rows, moment), provider, moment)
        claim = {
            "state": "sending",
            "claim": token,
            "claimed_by": current_worker_name(),
            "claimed_at": moment,
            "dot_at": None,
        }
        where = (_D.c.id.in_([row.id for row in wanted]), _D.c.state == "queued")
        ours = set(session.scalars(update(_D).where(*where).values(claim).returning(_D.c.id)))
        contents = _contents(session, ours)
    return [
        Claimed(token=token, content=contents[row.id], **row._mapping) for row in wanted if row.id in ours
    ]


def _still_wanted(session: Session, rows: Sequence[Row[Any]], moment: datetime) -> list[Row[Any]]:
    stops, wanted = stops_for(row.address for row in rows), []
    for row in rows:
        if end := _end_of(row, stops, moment):
            state, reason = end
            where = (_D.c.id == row.id, _D.c.state == "queued")
            session.execute(update(_D).where(*where).values(state=state, reason=reason))
        else:
            wanted.append(row)
    return wanted


def _within_limits(
    session: Session, rows: list[Row[Any]], provider: Provider, moment: datetime
) -> list[Row[Any]]:
    if not rows or provider.per_minute is None:
        return rows
    allowed = allowance(session, rows[0].sender_id, provider, moment, len(rows))
    if later := rows[allowed:]:
        turns = reserve_turns(later[0].sender_id, provider, moment, len(later))
        reason = f"{provider.title} allows {provider.per_minute} mails a minute; this one waits for its turn."
        for row, turn in zip(later, turns, strict=True):
            where = (_D.c.id == row.id, _D.c.state == "queued")
            session.execute(
                update(_D).where(*where).values(state="deferred", reason=reason, next_attempt_at=turn)
            )
        wake_sweep(turns[0])
    return rows[:allowed]


def _end_of(mail: Row[Any] | Claimed, stops: Stops, moment: datetime) -> tuple[str, str] | None:
    if mail.expires_at is not None and mail.expires_at <= moment:
        return "cancelled", EXPIRED
    reason = stops.reason(mail.address, mail.kind)
    return ("suppressed", reason) if reason else None


def _contents(session: Session, ids: set[int]) -> dict[int, Content]:
    columns = [
        getattr(DeliveryContent, name) for name in ("delivery_id", "text", "html", "headers", "attachments")
    ]
    found = session.execute(select(*columns).where(DeliveryContent.delivery_id.in_(ids)))
    return {id: Content(*rest) for id, *rest in found}
