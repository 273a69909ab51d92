"""A message is laid before the staff: it stays on their list until a person has settled it."""

from __future__ import annotations

from sqlalchemy import case, update

from edupulse.clock import now
from edupulse.control.enqueue import enqueue
from edupulse.mail.once import insert_once
from edupulse.mailboxes.models import InboundAction, InboundMessage
from edupulse.transaction import transaction

STAFF = "staff"  # the handler that mails them
LONGEST_WHY = 300  # characters, as the ledger keeps them


def call_for(message_id: int, why: str) -> None:
    """Put a message on the list of what a person should look at; what is there already keeps its reason."""
    with transaction() as session:
        first = case((InboundMessage.attention, InboundMessage.attention_why), else_=why[:LONGEST_WHY])
        session.execute(
            update(InboundMessage)
            .where(InboundMessage.id == message_id)
            .values(attention=True, attention_why=first, settled_at=None, settled_by=None)
            .execution_options(synchronize_session=False)
        )


def to_the_staff(message_id: int, why: str) -> None:
    """Put a message on the list, and have the staff mailed if they were not; twice is harmless."""
    with transaction() as session:
        call_for(message_id, why)
        row = {
            "message_id": message_id, "key": STAFF, "handler": STAFF, "reason": why[:LONGEST_WHY],
            "created_at": now(), "tries": 0, "state": "pending", "rule": "", "outcome": "", "detail": {},
        }  # fmt: skip
        added = session.scalar(insert_once(session, InboundAction).values(row).returning(InboundAction.id))
        if added is not None:
            enqueue("mailboxes.handle", action_id=added)
