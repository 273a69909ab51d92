"""What tests write into the ledger as if it had happened: tries of some seconds ago, and mails in hand."""

from __future__ import annotations

from datetime import timedelta

from edupulse import clock
from edupulse.database import db
from edupulse.mail.models import Attempt, Delivery, Sender


def ledger(*ages: float, sending: int = 0, phase: str = "accepted", sender_id: int = 1) -> None:
    """Write down tries of so many seconds ago, and mails in hand."""
    now = clock.now()
    db.session.merge(Sender(id=sender_id, name=f"sender {sender_id}"))
    db.session.flush()
    for number in range(len(ages) + sending):
        row = Delivery(
            key=f"{sender_id}.{number}", kind="newsletter", subject_id="1", sender_id=sender_id, subject="News",
            address="ann@example.org", message_id=f"<{sender_id}.{number}@school.example>", accepted_at=now, due_at=now,
            next_attempt_at=now,
            **({"state": "sent"} if number < len(ages) else {"state": "sending", "claim": "claim-1"}),
        )  # fmt: skip
        db.session.add(row)
        db.session.flush()
        if number < len(ages):
            at = now - timedelta(seconds=ages[number])
            db.session.add(
                Attempt(delivery_id=row.id, at=at, ms=9, server="s", phase=phase, verdict="sent", cause="")
            )
    db.session.commit()
