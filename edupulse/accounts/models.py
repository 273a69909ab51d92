"""Who may do what, and who did: people with a role, tokens of their programs, failed sign-ins, the log of acts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_login import UserMixin
from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from edupulse.database import Model

ROLES = ("viewer", "operator", "admin")  # each may do all that the ones before it may


class User(UserMixin, Model):
    """A person who signs in. `session_key` changes with the password and so ends every older session."""

    __tablename__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(320), unique=True)  # lower case
    name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str] = mapped_column(String(300))
    role: Mapped[str] = mapped_column(String(20))
    active: Mapped[bool] = mapped_column(default=True)
    session_key: Mapped[str] = mapped_column(String(64), unique=True)
    locale: Mapped[str] = mapped_column(
        String(10), default="", server_default=""
    )  # en | zh; empty: as the browser asks
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime | None]  # the last sign-in: looking at a page writes nothing

    @property
    def is_active(self) -> bool:
        return self.active

    def get_id(self) -> str:
        return self.session_key

    def may(self, role: str) -> bool:
        """Say whether this person has at least `role`."""
        return ROLES.index(self.role) >= ROLES.index(role)


class ApiToken(Model):
    """What a program signs in with; only its hash is kept. Its role is never above that of its user."""

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100))  # what it is for, e.g. "school portal"
    role: Mapped[str] = mapped_column(String(20))
    token_hash: Mapped[str] = mapped_column(
        String(64), unique=True
    )  # SHA-256: a token is random, no password
    hint: Mapped[str] = mapped_column(
        String(12)
    )  # its first characters, by which a person tells tokens apart
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]  # to the hour: not every call writes

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class SignInAttempt(Model):
    """A try to sign in that has not succeeded; counted to slow down guessing, forgotten after a success."""

    __tablename__ = "sign_in_attempt"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    account: Mapped[str] = mapped_column(String(320))  # as typed, lower case; it need not exist
    address: Mapped[str] = mapped_column(String(64))  # network address of the one who tries

    __table_args__ = (
        Index("ix_sign_in_attempt_account_at", "account", "at"),
        Index("ix_sign_in_attempt_address_at", "address", "at"),
    )


class IdempotentCall(Model):
    """A call that a program may repeat without doing it twice, and what it was answered; forgotten after a day."""

    __tablename__ = "idempotent_call"

    token_id: Mapped[int] = mapped_column(ForeignKey("api_token.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))  # SHA-256 of method, address and body
    status: Mapped[int]
    answer: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(index=True)


class AuditEntry(Model):
    """One act of one person on one thing."""

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    actor: Mapped[str] = mapped_column(String(320))
    action: Mapped[str] = mapped_column(String(80))
    subject: Mapped[str] = mapped_column(String(200), index=True)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

    __table_args__ = (Index("ix_audit_entry_actor_at", "actor", "at"),)

    @property
    def before(self) -> Any:
        """What was, where something changed."""
        return self.detail.get("before")

    @property
    def after(self) -> Any:
        """What it became."""
        return self.detail.get("after")

    @property
    def facts(self) -> dict[str, Any]:
        """What else is known about the act."""
        return {name: value for name, value in self.detail.items() if name not in ("before", "after")}
