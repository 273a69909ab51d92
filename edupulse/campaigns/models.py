"""A mailing as people plan it: its audience, its hour, and where it stands."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from edupulse.database import Model
from edupulse.mail.mailing import Mailing

# draft <-> scheduled -> running -> finished | finished_with_failures; cancelled from the first three.
# A campaign that runs and whose mailing is held is `paused`: one fact, kept in one place.
STORED_STATES = ("draft", "scheduled", "running", "finished", "finished_with_failures", "cancelled")
STATES = ("draft", "scheduled", "running", "paused", "finished", "finished_with_failures", "cancelled")


class Campaign(Model):
    """One mailing to an audience."""

    __tablename__ = "campaign"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    mailing_id: Mapped[int] = mapped_column(ForeignKey("mailing.id"), unique=True)
    stored_state: Mapped[str] = mapped_column(String(30), default="draft")
    default_locale: Mapped[str] = mapped_column(String(10), default="en")  # its letter is read by all others
    scheduled_at: Mapped[datetime | None]
    # Asked before it is sent, e.g. because its hour passed long ago; None: nothing is asked.
    question: Mapped[str | None] = mapped_column(Text)
    launched_at: Mapped[datetime | None]
    frozen_at: Mapped[
        datetime | None
    ]  # every recipient has a delivery: from here on the audience is these rows
    finished_at: Mapped[datetime | None]
    created_by: Mapped[str] = mapped_column(String(320))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    revision: Mapped[int] = mapped_column(
        default=0
    )  # one more with each saving: two editors notice each other

    mailing: Mapped[Mailing] = relationship(lazy="joined", innerjoin=True)
    intakes: Mapped[list[Intake]] = relationship(
        back_populates="campaign", cascade="all, delete-orphan", order_by="Intake.id"
    )

    __table_args__ = (
        Index("ix_campaign_state", "stored_state", "scheduled_at"),
        Index("ix_campaign_created_at", "created_at", "id"),
        Index("ix_campaign_launched_at", "launched_at"),
    )

    @property
    def state(self) -> str:
        """Return the state as people see it."""
        is_held = self.stored_state == "running" and self.mailing.held_at is not None
        return "paused" if is_held else self.stored_state

    @property
    def is_draft(self) -> bool:
        """Say whether text and audience may still be changed."""
        return self.stored_state == "draft"


class Recipient(Model):
    """One person of the audience, each once by address."""

    __tablename__ = "recipient"

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"))
    address: Mapped[str] = mapped_column(String(320))  # as it is written to
    comparable: Mapped[str] = mapped_column(String(320))  # as people are told apart
    name: Mapped[str] = mapped_column(String(200), default="")
    locale: Mapped[str] = mapped_column(String(10), default="")  # empty: the campaign's default
    fields: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    intake_id: Mapped[int] = mapped_column(ForeignKey("intake.id", ondelete="CASCADE"), index=True)

    __table_args__ = (
        UniqueConstraint("campaign_id", "comparable"),
        Index("ix_recipient_campaign", "campaign_id", "id"),
    )


class Intake(Model):
    """One reading of a source into an audience: read = added + merged + rejected, always."""

    __tablename__ = "intake"

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"), index=True)
    source: Mapped[str] = mapped_column(String(60))  # csv | people | event:7 | users:operator | campaign:3
    title: Mapped[str] = mapped_column(String(300))  # in words: the file's name, the event's title
    read: Mapped[int] = mapped_column(default=0)
    added: Mapped[int] = mapped_column(default=0)
    merged: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
    # Of the rejected: {"line", "text", "problem"}, the first ten thousand
    errors: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list, deferred=True)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # encoding, separator, columns
    actor: Mapped[str] = mapped_column(String(320))
    created_at: Mapped[datetime]

    campaign: Mapped[Campaign] = relationship(back_populates="intakes")
