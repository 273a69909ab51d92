"""A person whom the organisation knows and who need not sign in: a pupil, a parent, a member."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from edupulse.database import Model

LOCALES = ("en", "zh")


class Person(Model):
    """Somebody who is billed, taught or written to; `external_id` is their number in the program they come from."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(String(320))  # as it is written to; a family may share one
    comparable: Mapped[str | None] = mapped_column(String(320))  # as addresses are told apart
    phone: Mapped[str] = mapped_column(String(60), default="")
    locale: Mapped[str] = mapped_column(String(10), default="")  # en | zh; empty: the organisation's
    external_id: Mapped[str | None] = mapped_column(String(100), unique=True)
    note: Mapped[str] = mapped_column(Text, default="")
    active: Mapped[bool] = mapped_column(default=True)  # who has left is kept, and not written to
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    revision: Mapped[int] = mapped_column(default=0)  # grows with each change

    __table_args__ = (
        Index("ix_person_comparable", "comparable"),
        Index("ix_person_created_at", "created_at", "id"),
    )
