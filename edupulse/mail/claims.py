"""Who holds a mail: taken by one worker, looked at right before its final dot, put down when it must not leave."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import Row, Select, Table, exists, select, update
from sqlalchemy.orm import Session

from edupulse.clock import now
from edupulse.mail.holder import holder
from edupulse.mail.mailing import Mailing
from edupulse.mail.models import OPEN_ROWS, Delivery, DeliveryContent, Suppression
from edupulse.mail.outcome import Outcome
from edupulse.mail.retry import hold_until
from edupulse.mail.senders import said, wake_sweep
from edupulse.mail.suppressions import Stops, stops_for
from edupulse.transaction import rows_changed, transaction

EXPIRED = "Its time had passed before it could be sent."


@dataclass(frozen=True)
class Content:
    """What a claimed mail says, where it was composed when it was accepted."""

    text: str
    html: str
    headers: Mapping[str, str]
    attachments: Sequence[Mapping[str, Any]]


class Claimed(NamedTuple):
    """One mail in hand: a copy of its row, so that nothing asks the database while the network is used."""

    id: int
    kind: str
    sender_id: int
    mailing_id: int | None
    letter_id: int | None
    fields: Mapping[str, Any] | None
    address: str
    recipient_name: str
    subject: str
    message_id: str
    accepted_at: datetime
    due_at: datetime
    expires_at: datetime | None
    attempts_made: int
    tries: int
    token: str
    content: Content | None = None
    resend_unknown: bool = False  # of its mailing: never miss


def new_token() -> str:
    """Return the name of a claim."""
    return secrets.token_hex(8)


def take(delivery_ids: Sequence[int], token: str, moment: datetime, most: int) -> list[Claimed]:
    """Claim at most `most` of the deliveries that wait; what has expired or is suppressed ends instead."""
    waiting = _waiting().where(_D.c.id.in_(delivery_ids)).order_by(_D.c.due_at, _D.c.id)
    with transaction() as session:
        rows = _claimed(session, waiting.limit(most), token, moment)
        contents = _contents(session, [row.id for row in rows if row.letter_id is None])
        policy = _policies(session, {row.mailing_id for row in rows} - {None})
    return [
        Claimed._make([*row, token, contents.get(row.id), policy.get(row.mailing_id, False)]) for row in rows
    ]


def take_of_mailing(
    mailing_id: int, token: str, moment: datetime, most: int, *, resend_unknown: bool
) -> list[Claimed]:
    """Claim the next mails of a mailing, in the order of its recipients."""
    waiting = _waiting().where(_D.c.mailing_id == mailing_id).order_by(_D.c.id).limit(most)
    with transaction() as session:
        rows = _claimed(session, waiting, token, moment)
    return [Claimed._make([*row, token, None, resend_unknown]) for row in rows]


def let_go(mail: Claimed) -> str:
    """Put down a mail that must not leave (see `Look`); return the state in which it is now."""
    moment = now()
    with transaction() as session:
        row = session.execute(select(_D.c.state, _D.c.claim).where(_D.c.id == mail.id)).one()
        if (row.state, row.claim) != ("sending", mail.token):
            return str(row.state)
        state, reason = _end_of(mail, stops_for([mail.address]), moment) or ("queued", None)
        values = {"state": state, "reason": reason, "claim": None}
        session.execute(update(_D).where(_D.c.id == mail.id).values(values))
    return state


def postpone(mail: Claimed, outcome: Outcome) -> None:
    """Put off all that the claim of `mail` holds, for as long as the server asked; no mail is charged.

    Call it when what was tried before is written down: all that is still `sending` has not been tried.
    """
    moment = now()
    at = hold_until(moment, failures=mail.tries, retry_after=outcome.retry_after)
    put_off(mail.token, at, said(outcome), tries=1)


def put_off(token: str, at: datetime, reason: str, tries: int = 0) -> None:
    """Let what the claim still holds wait until `at`."""
    held = (OPEN_ROWS, _D.c.state == "sending", _D.c.claim == token)
    values = {
        "state": "deferred",
        "reason": reason,
        "claim": None,
        "next_attempt_at": at,
        "tries": _D.c.tries + tries,
    }
    with transaction() as session:
        if rows_changed(session, update(_D).where(*held).values(values)):
            wake_sweep(at)


def defer(delivery_ids: Sequence[int], at: datetime, reason: str) -> None:
    """Let mails wait that are not claimed: the account's allowance is used up until `at`."""
    waiting = (_D.c.id.in_(delivery_ids), _D.c.state == "queued", _D.c.next_attempt_at <= at)
    values = {"state": "deferred", "reason": reason, "next_attempt_at": at}
    with transaction() as session:
        if rows_changed(session, update(_D).where(*waiting).values(values)):
            wake_sweep(at)


_D = cast(Table, Delivery.__table__)
_COLUMNS = [_D.c[name] for name in Claimed._fields[: Claimed._fields.index("token")]]


def _waiting() -> Select[Any]:
    # What is queued is due, whatever the clock says: it may have been set back since.
    # On PostgreSQL a second worker with the same mails passes over them instead of waiting.
    return select(_D.c.id).where(_D.c.state == "queued").with_for_update(skip_locked=True)


def _claimed(session: Session, waiting: Select[Any], token: str, moment: datetime) -> list[Row[Any]]:
    # Durably: from the next line on a mail may leave, and a power cut must not turn it back to waiting.
    claim = {"state": "sending", "claim": token, "claimed_by": holder(), "claimed_at": moment}
    # First chosen, then taken: PostgreSQL may run a subquery with a limit more than once inside an UPDATE.
    if not (ids := session.scalars(waiting).all()):
        return []
    ours = (
        update(_D)
        .where(_D.c.id.in_(ids), _D.c.state == "queued")
        .values(claim | {"dot_at": None})
        .returning(*_COLUMNS)
    )
    rows = sorted(session.execute(ours).all(), key=lambda row: (row.due_at, row.id))
    return _still_wanted(session, rows, moment)


def _still_wanted(session: Session, rows: Sequence[Row[Any]], moment: datetime) -> list[Row[Any]]:
    stops, wanted = _stops(session, rows), []
    for row in rows:
        if end := _end_of(row, stops, moment):
            state, reason = end
            values = {"state": state, "reason": reason, "claim": None}
            session.execute(update(_D).where(_D.c.id == row.id).values(values))
        else:
            wanted.append(row)
    return wanted


def _stops(session: Session, rows: Sequence[Row[Any]]) -> Stops:
    # Of a mailing's many mails hardly one is suppressed, and whether any is takes one short question.
    mailing_ids, ids = {row.mailing_id for row in rows}, [row.id for row in rows]
    if len(mailing_ids) == 1 and (mailing_id := mailing_ids.pop()) is not None:
        held = (_D.c.mailing_id == mailing_id, _D.c.state == "sending", _D.c.id.between(min(ids), max(ids)))
        if not session.scalar(select(exists().where(Suppression.address == _D.c.comparable, *held))):
            return Stops({})
    return stops_for(row.address for row in rows)


def _end_of(mail: Row[Any] | Claimed, stops: Stops, moment: datetime) -> tuple[str, str] | None:
    if mail.expires_at is not None and mail.expires_at <= moment:
        return "cancelled", EXPIRED
    reason = stops.reason(mail.address, mail.kind)
    return ("suppressed", reason) if reason else None


def _contents(session: Session, ids: Sequence[int]) -> dict[int, Content]:
    if not ids:
        return {}
    columns = [
        getattr(DeliveryContent, name) for name in ("delivery_id", "text", "html", "headers", "attachments")
    ]
    found = session.execute(select(*columns).where(DeliveryContent.delivery_id.in_(ids)))
    return {id: Content(*rest) for id, *rest in found}


def _policies(session: Session, mailing_ids: set[Any]) -> dict[int | None, bool]:
    if not mailing_ids:
        return {}
    found = session.execute(select(Mailing.id, Mailing.resend_unknown).where(Mailing.id.in_(mailing_ids)))
    return {row.id: row.resend_unknown for row in found}
