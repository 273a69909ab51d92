"""What tests of the mail line share: mails to post, a double to post them to, a look at the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from edupulse import clock
from edupulse.database import db
from edupulse.mail.compose import Mail
from edupulse.mail.models import Attempt, Delivery, Sender
from edupulse.mail.outbox import Posting, accept_many
from tests.doubles.smtp_double import SmtpDouble

FROM = "Art School <office@school.example>"


def posting(address: str = "ann@example.org", *, occurrence: str = "once", **about: Any) -> Posting:
    """Return one mail on its way in."""
    now = clock.now()
    mail = Mail(address, "Ann", "Lesson at nine", "See you at nine.\n", "<p>See you at nine.</p>")
    known = {
        "kind": "reminder",
        "subject_id": "event-1",
        "due_at": now,
        "expires_at": now + timedelta(hours=1),
    }
    return Posting(mail, occurrence=occurrence, **{**known, **about})


def post(count: int = 1, **about: Any) -> list[int]:
    """Accept mails to `count` people and return the ids of their rows."""
    rows = accept_many([posting(f"p{number}@example.org", **about) for number in range(count)])
    return [row.id for row in rows]


def post_to(address: str, **about: Any) -> int:
    """Accept one mail to `address` and return the id of its row."""
    return accept_many([posting(address, **about)])[0].id


@contextmanager
def through(
    double: SmtpDouble, change_settings: Callable[..., None], **settings: object
) -> Iterator[SmtpDouble]:
    """Let mail leave through `double`."""
    with double:
        usual = {
            "smtp_security": "none",
            "smtp_username": "",
            "default_from_email": FROM,
            "email_timeout": 2.0,
        }
        change_settings(smtp_server=double.host, smtp_port=double.port, **{**usual, **settings})
        yield double


def states() -> dict[str, int]:
    """Return how many deliveries are in each state."""
    db.session.commit()
    counted = select(Delivery.state, func.count()).group_by(Delivery.state)
    return dict(db.session.execute(counted).all())


def row(delivery_id: int) -> Delivery:
    """Return a delivery as the database has it now."""
    db.session.commit()
    return db.session.get_one(Delivery, delivery_id, populate_existing=True)


def sender() -> Sender:
    """Return the account's row as the database has it now."""
    db.session.commit()
    return db.session.scalars(select(Sender).execution_options(populate_existing=True)).one()


def tries(delivery_id: int) -> list[str]:
    """Return the verdicts on a mail, in their order."""
    db.session.commit()
    return list(
        db.session.scalars(
            select(Attempt.verdict).where(Attempt.delivery_id == delivery_id).order_by(Attempt.id)
        )
    )


def copies(double: SmtpDouble, delivery_id: int) -> int:
    """Return how many copies of a delivery the double has accepted."""
    delivery = row(delivery_id)
    return double.copies(delivery.message_id, delivery.address)
