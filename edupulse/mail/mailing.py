"""One text to many people, as the mail line knows it: its letters, what is enclosed, and whether it may go on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from edupulse.database import Model

PURPOSES = ("newsletter", "transactional")  # what people may refuse, and what they must be told


class Mailing(Model):
    """A mailing: `opened_at` says that its recipients are frozen and it may leave, `held_at` that it waits."""

    __tablename__ = "mailing"

    id: Mapped[int] = mapped_column(primary_key=True)
    sender_id: Mapped[int] = mapped_column(ForeignKey("sender.id"))
    title: Mapped[str] = mapped_column(String(200))
    purpose: Mapped[str] = mapped_column(String(20), default="newsletter")  # the kind of its deliveries
    from_name: Mapped[str] = mapped_column(String(200), default="")  # empty: the account's own
    reply_to: Mapped[str] = mapped_column(String(320), default="")
    resend_unknown: Mapped[bool] = mapped_column(default=False)  # never miss, at the risk of a second copy
    patience_hours: Mapped[int] = mapped_column(
        default=96
    )  # a refused mail is tried so long, RFC 5321 4.5.4.1
    planned: Mapped[int] = mapped_column(default=0)  # recipients for whom quota is reserved until it is open
    opened_at: Mapped[datetime | None]
    held_at: Mapped[datetime | None]
    held_by: Mapped[str | None] = mapped_column(String(320))  # a person, or "system"
    hold_cause: Mapped[str | None] = mapped_column(
        String(40)
    )  # a stable word: person, content, mailbox_unknown
    hold_reason: Mapped[str | None] = mapped_column(Text)
    hold_cure: Mapped[str | None] = mapped_column(Text)
    over_at: Mapped[datetime | None]  # cancelled, or nothing is open any more
    progressed_at: Mapped[datetime | None]  # when a mail of it last reached a new state
    created_at: Mapped[datetime]

    letters: Mapped[list[Letter]] = relationship(
        back_populates="mailing", cascade="all, delete-orphan", order_by="Letter.id"
    )
    enclosures: Mapped[list[Enclosure]] = relationship(
        back_populates="mailing", cascade="all, delete-orphan", order_by="Enclosure.id"
    )

    @property
    def may_leave(self) -> bool:
        """Say whether the line may send of it."""
        return self.opened_at is not None and self.held_at is None and self.over_at is None


class Letter(Model):
    """What a mailing says in one language: Jinja templates of the personal fields. Frozen once it is open."""

    __tablename__ = "letter"

    id: Mapped[int] = mapped_column(primary_key=True)
    mailing_id: Mapped[int] = mapped_column(ForeignKey("mailing.id", ondelete="CASCADE"))
    locale: Mapped[str] = mapped_column(String(10), default="en")
    subject: Mapped[str] = mapped_column(String(998))
    text: Mapped[str] = mapped_column(Text, default="")  # empty: made from the HTML
    html: Mapped[str] = mapped_column(Text, default="")  # empty: the mail is plain text

    mailing: Mapped[Mailing] = relationship(back_populates="letters")

    __table_args__ = (UniqueConstraint("mailing_id", "locale"),)


class Enclosure(Model):
    """A file that goes to everybody."""

    __tablename__ = "enclosure"

    id: Mapped[int] = mapped_column(primary_key=True)
    mailing_id: Mapped[int] = mapped_column(ForeignKey("mailing.id", ondelete="CASCADE"), index=True)
    filename: Mapped[str] = mapped_column(String(200))
    content_type: Mapped[str] = mapped_column(String(200))
    size: Mapped[int]  # bytes
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)

    mailing: Mapped[Mailing] = relationship(back_populates="enclosures")
