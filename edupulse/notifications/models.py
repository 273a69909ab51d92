"""What the people who sign in are told: facts, which become words in the language of who reads them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from edupulse.accounts.models import User
from edupulse.database import Model

_UNREAD = text("read_at IS NULL")
_TO_MAIL = text("mail = 'waiting'")
# none (not wanted) | waiting -> accepted (a mail stands in its ledger) | skipped (read before it left)
MAIL_STATES = ("none", "waiting", "accepted", "skipped")


class Notification(Model):
    """One thing that one person is told; `key` tells it from others, so that nobody is told twice."""

    __tablename__ = "notification"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(40))  # a stable word, e.g. job_failed
    key: Mapped[str] = mapped_column(String(200))
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # what its words are made from
    link: Mapped[str] = mapped_column(String(300), default="")  # a path of this site
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    mail: Mapped[str] = mapped_column(String(10), default="none")
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id"), index=True)

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)

    __table_args__ = (
        UniqueConstraint("user_id", "key"),
        Index("ix_notification_user", "user_id", "created_at", "id"),
        Index("ix_notification_unread", "user_id", sqlite_where=_UNREAD, postgresql_where=_UNREAD),
        Index("ix_notification_to_mail", "id", sqlite_where=_TO_MAIL, postgresql_where=_TO_MAIL),
        Index("ix_notification_created_at", "created_at"),
    )


class NotificationPreference(Model):
    """How one person wants to be told of one kind; without a row it is as the kind's own default says."""

    __tablename__ = "notification_preference"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    in_site: Mapped[bool]
    by_mail: Mapped[bool]
