"""What tests of mailings share: one that is open, its rows, a look at where they stand."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select, update

from edupulse import clock
from edupulse.database import db
from edupulse.mail import mailings, senders
from edupulse.mail.mailing import Letter, Mailing
from edupulse.mail.models import Delivery


def mailing(count: int = 3, *, subject: str = "News for {{ first_name }}", **about: Any) -> int:
    """Make a mailing to `count` people that is open, and return its id."""
    made = Mailing(
        sender_id=senders.sender_id(),
        title="News",
        created_at=clock.now(),
        letters=[Letter(locale="en", subject=subject, text="Hello {{ first_name }}\n", html="")],
        **{"purpose": "newsletter", **about},
    )
    db.session.add(made)
    db.session.commit()
    db.session.execute(insert(Delivery), [_delivery(made, number) for number in range(count)])
    db.session.commit()
    mailings.open_mailing(made.id)
    return made.id


def ids_of(mailing_id: int) -> list[int]:
    """Return the deliveries of a mailing in their order."""
    db.session.commit()
    wanted = select(Delivery.id).where(Delivery.mailing_id == mailing_id).order_by(Delivery.id)
    return list(db.session.scalars(wanted))


def standing(mailing_id: int) -> dict[str, int]:
    """Return how many mails of it stand in which state, those with none left out."""
    db.session.commit()
    return {state: count for state, count in mailings.counts(mailing_id).items() if count}


def make_due(mailing_id: int) -> None:
    """Let what is deferred be due."""
    deferred = (Delivery.mailing_id == mailing_id, Delivery.state == "deferred")
    db.session.execute(update(Delivery).where(*deferred).values(state="queued", next_attempt_at=clock.now()))
    db.session.commit()


def _delivery(made: Mailing, number: int) -> dict[str, Any]:
    moment = clock.now()
    return {
        "key": f"campaign:{made.id}::p{number}@example.org", "kind": made.purpose, "subject_id": str(made.id),
        "sender_id": made.sender_id, "mailing_id": made.id, "letter_id": made.letters[0].id,
        "fields": {"first_name": f"Ann {number}"}, "address": f"p{number}@example.org",
        "recipient_name": f"Ann {number}", "subject": made.letters[0].subject, "state": "queued",
        "message_id": f"<c{made.id}.{number}@school.example>", "accepted_at": moment, "due_at": moment,
        "next_attempt_at": moment,
    }  # fmt: skip
