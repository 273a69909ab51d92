"""What a person may order about mailboxes and their messages; each is written into the audit log."""

from __future__ import annotations

from sqlalchemy import select, update

from edupulse.accounts.audit import record
from edupulse.clock import now
from edupulse.control.enqueue import enqueue
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.errors import Conflict, NotFound
from edupulse.mailboxes.accounts import existing
from edupulse.mailboxes.models import InboundMessage, Mailbox
from edupulse.mailboxes.processing import quarantine
from edupulse.transaction import rows_changed, transaction

AT_ONCE = 1_000  # messages of the quarantine that are tried again with one order


def poll_now(mailbox_id: int, *, actor: str) -> JobRun:
    """Ask for a poll now, also where it waits after a failure. Raises NotFound, Conflict when it is switched off."""
    with transaction():
        mailbox = _usable(mailbox_id)
        record(actor, "mailbox.poll", f"mailbox:{mailbox.id}")
        return enqueue(
            "mailboxes.poll", unique_key=f"mailbox:{mailbox.id}:hand", actor=actor, priority=1,
            mailbox_id=mailbox.id, by="hand",
        )  # fmt: skip


def audit_now(mailbox_id: int, *, actor: str) -> JobRun:
    """Ask for a comparison of the server with the ledger. Raises NotFound, Conflict."""
    with transaction():
        mailbox = _usable(mailbox_id)
        record(actor, "mailbox.audit", f"mailbox:{mailbox.id}")
        key = f"mailbox:{mailbox.id}:audit"
        return enqueue("mailboxes.audit", unique_key=key, actor=actor, mailbox_id=mailbox.id)


def settle(message_id: int, *, actor: str) -> InboundMessage:
    """Note that somebody has dealt with the message. Raises NotFound, Conflict when nothing was open."""
    message = existing_message(message_id)
    with transaction() as session:
        open_ones = update(InboundMessage).where(InboundMessage.id == message_id, InboundMessage.attention)
        if not rows_changed(session, open_ones.values(attention=False, settled_at=now(), settled_by=actor)):
            raise Conflict("Nothing is left to do about this message.", message_id=message_id)
        record(actor, "message.settle", f"message:{message_id}")
    db.session.refresh(message)
    return message


def replay(message_id: int, *, actor: str) -> JobRun:
    """Process a message of the quarantine again. Raises NotFound, Conflict when it is not there."""
    return quarantine.put_back(message_id, actor=actor)


def replay_all(*, actor: str) -> int:
    """Process all that is in quarantine again; return how many."""
    ids = db.session.scalars(
        select(InboundMessage.id)
        .where(InboundMessage.state == "quarantined")
        .order_by(InboundMessage.id)
        .limit(AT_ONCE)
    ).all()
    for id in ids:
        quarantine.put_back(id, actor=actor)
    return len(ids)


def existing_message(message_id: int) -> InboundMessage:
    """Return a message; raises NotFound."""
    if message := db.session.get(InboundMessage, message_id):
        return message
    raise NotFound(f"There is no message {message_id}.", cure="See the list of messages.")


def _usable(mailbox_id: int) -> Mailbox:
    mailbox = existing(mailbox_id)
    if mailbox.removed_at is not None or not mailbox.enabled:
        raise Conflict(f"The mailbox “{mailbox.name}” is switched off.", cure="Switch it on first.")
    return mailbox
