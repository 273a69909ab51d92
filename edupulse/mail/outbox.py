"""Every mail enters here: one row per mail and person, accepted once, handed over after the commit."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Update, insert, select, update
from sqlalchemy.orm import Session

from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.control.enqueue import enqueue_many
from edupulse.errors import Invalid
from edupulse.mail.addresses import Address, parse_address, parse_named, refuse_steering
from edupulse.mail.compose import Mail
from edupulse.mail.models import OPEN_STATES, Delivery, DeliveryContent
from edupulse.mail.once import insert_once
from edupulse.mail.senders import sender_id
from edupulse.mail.suppressions import stops_for
from edupulse.transaction import rows_changed, transaction

BATCH = 25  # mails per job: enough to share a connection, few enough that a second worker can help
ASKED_AT_ONCE = 500  # keys in one query


@dataclass(frozen=True)
class Posting:
    """One mail on its way in: what it is about, when it should be sent, and after when it is of no use."""

    mail: Mail
    kind: str  # reminder | correction | cancellation | test
    subject_id: str  # of the thing it is about
    occurrence: str
    due_at: datetime
    expires_at: datetime | None = None


def accept(
    mail: Mail,
    *,
    kind: str,
    subject_id: str,
    occurrence: str,
    due_at: datetime,
    expires_at: datetime | None = None,
) -> Delivery:
    """Accept one mail; the same (kind, subject, occurrence, address) returns the row that exists."""
    return accept_many([Posting(mail, kind, subject_id, occurrence, due_at, expires_at)])[0]


def accept_many(postings: Sequence[Posting]) -> list[Delivery]:
    """Accept mails in the running transaction, or an own one; return their rows in the same order.

    Rows and jobs stand or fall with the caller's transaction. A suppressed address gives a row in state
    suppressed, and what cannot be sent at all (no usable address, a line break in the subject) one in state
    rejected that says why: one bad mail never holds up the others. What is due later waits as deferred.
    """
    if not postings:
        return []
    with transaction() as session:
        entries = _entries(postings)
        inserted = _insert(session, entries)
        hand_over(id for id, state in inserted if state == "queued")
        return _in_order(session, [entry.row["key"] for entry in entries])


def cancel(
    *,
    kind: str,
    subject_id: str,
    reason: str,
    occurrence: str | None = None,
    delivery_ids: Sequence[int] | None = None,
) -> int:
    """Take back what has not left, all or only `delivery_ids`; return how many mails.

    One that is past its final dot goes its way, and its row says so when the server has answered.
    """
    about = [Delivery.kind == kind, Delivery.subject_id == subject_id]
    if occurrence is not None:
        about.append(Delivery.occurrence == occurrence)
    if delivery_ids is not None:
        about.append(Delivery.id.in_(delivery_ids))
    with transaction() as session:
        return rows_changed(session, _cancelled(*about, reason=reason))


def hand_over(delivery_ids: Iterable[int]) -> None:
    """Ask for these deliveries to be sent, in batches, after the running transaction. Twice is harmless."""
    ids = list(delivery_ids)
    enqueue_many(
        "mail.deliver", [{"delivery_ids": ids[start : start + BATCH]} for start in range(0, len(ids), BATCH)]
    )


def _cancelled(*about: Any, reason: str) -> Update:
    # One that is in hand keeps its claim: should it have left already, its outcome says so in the end.
    return (
        update(Delivery)
        .where(*about, Delivery.state.in_(OPEN_STATES))
        .values(state="cancelled", reason=reason)
        .execution_options(synchronize_session=False)
    )


@dataclass(frozen=True)
class _Entry:
    row: dict[str, Any]
    content: dict[str, Any]


def _entries(postings: Sequence[Posting]) -> list[_Entry]:
    checked = [(posting, *_checked(posting.mail)) for posting in postings]
    stops = stops_for(address.mailbox for _, address, _ in checked)
    sender, domain, moment = sender_id(), _message_domain(), now()
    entries = []
    for posting, address, problem in checked:
        stopped = stops.reason(address.mailbox, posting.kind)
        state, reason = _admission(problem, stopped, is_early=posting.due_at > moment)
        row = _row(posting, address, sender=sender, domain=domain, moment=moment)
        entries.append(_Entry({**row, "state": state, "reason": reason}, _content(posting.mail)))
    return entries


def _checked(mail: Mail) -> tuple[Address, str | None]:
    """Return where the mail goes, and what makes it impossible to send, if anything does."""
    address = Address(_storable(mail.address)[:320])
    try:
        address = parse_address(mail.address)
        refuse_steering(mail.subject, field="subject")
        refuse_steering(mail.name, field="name")
    except Invalid as error:
        return address, str(error)
    return address, None


def _admission(problem: str | None, stopped: str | None, *, is_early: bool) -> tuple[str, str | None]:
    if problem:
        return "rejected", problem
    if stopped:
        return "suppressed", stopped
    return "deferred" if is_early else "queued", None


def _row(posting: Posting, address: Address, *, sender: int, domain: str, moment: datetime) -> dict[str, Any]:
    mail = posting.mail
    key = f"{posting.kind}:{posting.subject_id}:{posting.occurrence}:{address.comparable}"
    return {
        "key": key, "message_id": f"<{_token(key)}@{domain}>",
        "kind": posting.kind, "subject_id": posting.subject_id, "occurrence": posting.occurrence,
        "sender_id": sender, "address": address.mailbox, "comparable": address.comparable,
        "recipient_name": _storable(mail.name)[:200],
        "locale": mail.locale, "subject": _storable(mail.subject)[:998],
        "accepted_at": moment, "due_at": posting.due_at, "expires_at": posting.expires_at,
        "next_attempt_at": max(posting.due_at, moment), "attempts_made": 0, "tries": 0,
    }  # fmt: skip


def _token(key: str) -> str:
    """Return the same word for the same mail each time, which nobody can guess: who knows it has had the mail."""
    secret = current_settings().secret_key.reveal().encode()
    return hmac.digest(secret, key.encode(), "sha256").hex()[:40]


def _content(mail: Mail) -> dict[str, Any]:
    return {
        "text": _storable(mail.text),
        "html": _storable(mail.html),
        "headers": {name: _storable(value) for name, value in mail.headers.items()},
        "attachments": [attachment.stored() for attachment in mail.attachments],
    }


def _storable(text: str) -> str:
    """Return `text` without what no database keeps: NUL and halves of characters."""
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()


def _message_domain() -> str:
    try:
        return parse_named(current_settings().default_from_email)[1].domain
    except Invalid:  # mail is accepted all the same; the account is paused until the setting is corrected
        return "edupulse.invalid"


def _insert(session: Session, entries: Sequence[_Entry]) -> list[tuple[int, str]]:
    statement = insert_once(session, Delivery).returning(Delivery.id, Delivery.key, Delivery.state)
    contents = {entry.row["key"]: entry.content for entry in reversed(entries)}
    new = session.execute(statement, [entry.row for entry in entries]).all()
    if new:
        session.execute(
            insert(DeliveryContent), [{"delivery_id": row.id, **contents[row.key]} for row in new]
        )
    return [(row.id, row.state) for row in new]


def _in_order(session: Session, keys: Sequence[str]) -> list[Delivery]:
    found: dict[str, Delivery] = {}
    for start in range(0, len(keys), ASKED_AT_ONCE):
        some = select(Delivery).where(Delivery.key.in_(keys[start : start + ASKED_AT_ONCE]))
        found.update({delivery.key: delivery for delivery in session.scalars(some)})
    return [found[key] for key in keys]
