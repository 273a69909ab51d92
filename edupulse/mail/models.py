"""The ledger of mails: one row per mail and person, every attempt at it, and who must not be written to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from edupulse.database import Model
from edupulse.mail.addresses import comparable

# queued -> sending -> sent | deferred | rejected | unknown; suppressed and cancelled from queued;
# bounced after sent. deferred goes back to queued when its time has come.
STATES = (
    "queued",
    "sending",
    "sent",
    "deferred",
    "rejected",
    "unknown",
    "suppressed",
    "cancelled",
    "bounced",
)
OPEN_STATES = ("queued", "sending", "deferred")
# The open rows are few among all: their own small index serves a query that says this word for word.
OPEN_ROWS = text("delivery.state IN ('queued', 'sending', 'deferred')")
_OPEN = text("state IN ('queued', 'sending', 'deferred')")
UNKNOWN_ROWS = text("delivery.state = 'unknown'")  # the same for those that wait for a person's word
_UNKNOWN = text("state = 'unknown'")
_OF_A_MAILING = text("mailing_id IS NOT NULL")


class Sender(Model):
    """A sending account; a refused login pauses it until a person has mended the cause."""

    __tablename__ = "sender"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    paused_at: Mapped[datetime | None]
    resume_at: Mapped[datetime | None]  # set when the pause ends by itself (quota, pace)
    pause_cause: Mapped[str | None] = mapped_column(String(40))  # a stable word: unconfigured, password, rate
    pause_reason: Mapped[str | None] = mapped_column(Text)
    pause_cure: Mapped[str | None] = mapped_column(Text)
    # Of the settings that were refused: other settings end the pause without a click.
    pause_fingerprint: Mapped[str | None] = mapped_column(String(64))
    failures: Mapped[int] = mapped_column(default=0)  # holds in a row: each waits longer
    # Since when its server is known to break pipelining (RFC 2920): one command at a time from then on.
    unpipelined_at: Mapped[datetime | None]


def _comparable(context: Any) -> str:
    return comparable(context.get_current_parameters()["address"])


class Delivery(Model):
    """One mail to one person. `key` is (kind, subject, occurrence, address): nobody gets it twice."""

    __tablename__ = "delivery"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(700), unique=True)
    # reminder | correction | cancellation | test, or a mailing's purpose: newsletter | transactional
    kind: Mapped[str] = mapped_column(String(30))
    subject_id: Mapped[str] = mapped_column(String(60))  # of the thing it is about, e.g. the event
    occurrence: Mapped[str] = mapped_column(String(120), default="")
    sender_id: Mapped[int] = mapped_column(ForeignKey("sender.id"))
    # Of a mailing: what it says is its letter, filled in with its fields when it leaves; it has no content row.
    mailing_id: Mapped[int | None] = mapped_column(ForeignKey("mailing.id"))
    letter_id: Mapped[int | None] = mapped_column(ForeignKey("letter.id"))
    fields: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), deferred=True)
    address: Mapped[str] = mapped_column(String(320))  # as it is written to
    comparable: Mapped[str] = mapped_column(
        String(320), index=True, default=_comparable
    )  # as people are told apart
    recipient_name: Mapped[str] = mapped_column(String(200), default="")
    locale: Mapped[str] = mapped_column(String(10), default="en")
    subject: Mapped[str] = mapped_column(String(998))
    message_id: Mapped[str] = mapped_column(String(200), unique=True)
    state: Mapped[str] = mapped_column(String(20), default="queued")
    reason: Mapped[str | None] = mapped_column(Text)  # why it is in this state, in plain words
    accepted_at: Mapped[datetime]
    due_at: Mapped[datetime]  # when it should be sent: lateness is measured from here
    next_attempt_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]  # not sent after this
    attempts_made: Mapped[int] = mapped_column(default=0)  # tries that count against the mail
    tries: Mapped[int] = mapped_column(default=0)  # all tries, also those that a connection was to blame for
    claim: Mapped[str | None] = mapped_column(String(64))  # token of the try that holds it
    claimed_by: Mapped[str | None] = mapped_column(String(120))  # worker name
    claimed_at: Mapped[datetime | None]
    dot_at: Mapped[datetime | None]  # committed right before the final dot: from here on doubt is possible
    sent_at: Mapped[datetime | None]

    content: Mapped[DeliveryContent | None] = relationship(
        back_populates="delivery", cascade="all, delete-orphan", single_parent=True
    )
    attempts: Mapped[list[Attempt]] = relationship(
        back_populates="delivery", cascade="all, delete-orphan", order_by="Attempt.id"
    )

    __table_args__ = (
        Index(
            "ix_delivery_open",
            "state",
            "mailing_id",
            "next_attempt_at",
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index("ix_delivery_unknown", "accepted_at", sqlite_where=_UNKNOWN, postgresql_where=_UNKNOWN),
        Index("ix_delivery_subject", "kind", "subject_id"),
        Index(
            "ix_delivery_mailing",
            "mailing_id",
            "state",
            "id",
            sqlite_where=_OF_A_MAILING,
            postgresql_where=_OF_A_MAILING,
        ),
        Index("ix_delivery_accepted_at", "accepted_at"),
    )


class DeliveryContent(Model):
    """What was composed for one delivery, kept apart so that lists stay light."""

    __tablename__ = "delivery_content"

    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id", ondelete="CASCADE"), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    headers: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    # each: {"filename", "content_type", "base64"}, e.g. the calendar entry
    attachments: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)

    delivery: Mapped[Delivery] = relationship(back_populates="content")


class Attempt(Model):
    """One try: when, against which server, how far it came, what it answered, how long it took."""

    __tablename__ = "attempt"

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    ms: Mapped[int]
    server: Mapped[str] = mapped_column(String(200))
    phase: Mapped[str] = mapped_column(String(20))
    verdict: Mapped[str] = mapped_column(String(30))
    cause: Mapped[str] = mapped_column(String(40), default="")  # a stable word that advice.py explains
    code: Mapped[int | None]
    enhanced: Mapped[str] = mapped_column(String(20), default="")  # RFC 3463, e.g. 5.1.1
    text: Mapped[str] = mapped_column(Text, default="")
    worker: Mapped[str | None] = mapped_column(String(120))

    delivery: Mapped[Delivery] = relationship(back_populates="attempts")


class Suppression(Model):
    """An address that must not get mail of a scope, why, and since when."""

    __tablename__ = "suppression"

    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(String(320))  # normalised
    scope: Mapped[str] = mapped_column(String(20), default="all")  # all | reminder | newsletter
    reason: Mapped[str] = mapped_column(String(300))
    source: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("address", "scope"),)


class Bounce(Model):
    """What another server said later about an address: once for each report, the ground for a suppression."""

    __tablename__ = "bounce"

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(60))  # where it was said, e.g. inbound:17
    address: Mapped[str] = mapped_column(String(320), index=True)  # as people are told apart
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))  # hard | soft | delayed | complaint
    status: Mapped[str] = mapped_column(String(20), default="")  # RFC 3463, e.g. 5.1.1
    cause: Mapped[str] = mapped_column(String(40), default="")  # a stable word, e.g. mailbox_unknown
    text: Mapped[str] = mapped_column(Text, default="")  # the server's words
    at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("source", "address"),)
