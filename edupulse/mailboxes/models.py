"""The ledger of received mail: each mailbox, how far it was read, each message, and what was done about it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from edupulse.database import Model

SECURITIES = ("tls", "starttls", "none")
AUTHS = ("password", "google", "microsoft")
AFTER_ACTIONS = ("none", "seen", "move")
# What went wrong with a mailbox, by who can mend it: a person (auth, permission, setting) or time.
ERROR_CLASSES = ("auth", "permission", "setting", "network", "protocol", "quota", "storage")
# stored -> processed | quarantined, and back by a replay.
MESSAGE_STATES = ("stored", "processed", "quarantined")
# What a message is; the first that fits. `other` is for the staff.
KINDS = ("bounce", "complaint", "auto_reply", "unsubscribe", "calendar", "reply", "other")
# pending -> done | failed (tried again) | dead (a person has to look)
ACTION_STATES = ("pending", "done", "failed", "dead")

_TO_DO = text("state IN ('stored', 'quarantined')")
_TO_LOOK_AT = text("attention")
_UNFINISHED = text("state IN ('pending', 'failed')")
_TO_TELL_THE_SERVER = text("tell_server")


class Mailbox(Model):
    """An account at an IMAP server, how it is read, and how the last readings went."""

    __tablename__ = "mailbox"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    host: Mapped[str] = mapped_column(String(255))
    port: Mapped[int] = mapped_column(default=993)
    security: Mapped[str] = mapped_column(String(10), default="tls")  # tls | starttls | none
    username: Mapped[str] = mapped_column(String(320))
    auth: Mapped[str] = mapped_column(String(20), default="password")  # password | google | microsoft
    # Sealed by edupulse.sealing; readable only inside a poll or a test of the connection.
    password_sealed: Mapped[str | None] = mapped_column(Text, deferred=True)
    oauth: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # tenant, client_id, scope: no secrets
    oauth_sealed: Mapped[str | None] = mapped_column(Text, deferred=True)  # client secret and tokens, as JSON
    folder: Mapped[str] = mapped_column(String(255), default="INBOX")
    address: Mapped[str] = mapped_column(String(320), default="")  # under which people write to it
    interval_seconds: Mapped[int]
    enabled: Mapped[bool] = mapped_column(default=True)
    after_action: Mapped[str] = mapped_column(String(10), default="none")  # none | seen | move
    move_to: Mapped[str] = mapped_column(String(255), default="")
    staff: Mapped[list[str]] = mapped_column(JSON, default=list)  # who is mailed about what nobody handles
    largest_bytes: Mapped[int] = mapped_column(default=25_000_000)  # larger ones are kept and not taken apart
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    revision: Mapped[int] = mapped_column(default=0)  # grows with each change by a person
    removed_at: Mapped[datetime | None]  # its messages stay; its name is free again

    # Who reads it now: `fence` grows with each poll, and nothing is written under an older one.
    fence: Mapped[int] = mapped_column(default=0)
    locked_by: Mapped[str | None] = mapped_column(String(120))
    locked_until: Mapped[datetime | None]

    polled_at: Mapped[datetime | None]  # the last poll began
    succeeded_at: Mapped[datetime | None]  # the last poll that came to its end
    received_at: Mapped[datetime | None]  # the last message was stored
    backlog: Mapped[int] = mapped_column(default=0)  # messages that the last poll left for the next one
    failures: Mapped[int] = mapped_column(default=0)  # polls in a row that failed
    error_class: Mapped[str | None] = mapped_column(String(20))
    error: Mapped[str | None] = mapped_column(String(500))
    cure: Mapped[str | None] = mapped_column(String(500))
    retry_at: Mapped[datetime | None]  # not polled by the clock before this
    stopped_at: Mapped[datetime | None]  # a person has to mend it: not polled by the clock until then
    alerted_at: Mapped[datetime | None]  # people were told of the trouble that lasts
    capabilities: Mapped[list[str]] = mapped_column(JSON, default=list)
    audited_at: Mapped[datetime | None]
    audit: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # server, known, missing, healed

    @property
    def own_address(self) -> str:
        """The address under which people write to it, "" if nobody has said."""
        return self.address or (self.username if "@" in self.username else "")


class Cursor(Model):
    """How far one folder was read under one UIDVALIDITY (RFC 3501 2.3.1.1)."""

    __tablename__ = "mailbox_cursor"

    id: Mapped[int] = mapped_column(primary_key=True)
    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailbox.id", ondelete="CASCADE"))
    place: Mapped[str] = mapped_column(String(64))  # of host, user and folder: another one is read anew
    uidvalidity: Mapped[int] = mapped_column(BigInteger)  # UIDs have 32 bits without a sign
    last_uid: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("mailbox_id", "place", "uidvalidity"),)


class InboundMessage(Model):
    """One message of one mailbox, by its bytes; what it says is read from storage and never lost."""

    __tablename__ = "inbound_message"

    id: Mapped[int] = mapped_column(primary_key=True)
    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailbox.id", ondelete="CASCADE"))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)  # bytes
    storage_key: Mapped[str] = mapped_column(String(200))
    internal_date: Mapped[datetime | None]  # when the server received it
    stored_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(20), default="stored")
    tries: Mapped[int] = mapped_column(default=0)  # begun; one that ends the process each time is set aside
    processed_at: Mapped[datetime | None]

    # What it says, in short; all of it is in `event`.
    kind: Mapped[str | None] = mapped_column(String(20))
    why: Mapped[str | None] = mapped_column(String(300))  # it is of this kind
    from_address: Mapped[str] = mapped_column(String(320), default="")
    from_name: Mapped[str] = mapped_column(String(200), default="")
    subject: Mapped[str] = mapped_column(String(998), default="")
    message_id: Mapped[str] = mapped_column(String(998), default="")
    sent_at: Mapped[datetime | None]
    snippet: Mapped[str] = mapped_column(String(200), default="")
    attachments: Mapped[int] = mapped_column(default=0)
    defects: Mapped[int] = mapped_column(default=0)
    event: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), deferred=True)

    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id"))  # our mail that it answers
    is_verified: Mapped[bool] = mapped_column(default=False)  # it comes from whom our mail went to
    attention: Mapped[bool] = mapped_column(default=False)  # a person should look at it
    attention_why: Mapped[str | None] = mapped_column(String(300))
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str | None] = mapped_column(String(320))

    quarantined_at: Mapped[datetime | None]
    quarantine_reason: Mapped[str | None] = mapped_column(String(500))
    quarantine_traceback: Mapped[str | None] = mapped_column(Text, deferred=True)
    quarantine_version: Mapped[str | None] = mapped_column(String(40))  # another one tries again by itself

    mailbox: Mapped[Mailbox] = relationship()
    actions: Mapped[list[InboundAction]] = relationship(
        back_populates="message", cascade="all, delete-orphan", order_by="InboundAction.id"
    )

    __table_args__ = (
        UniqueConstraint("mailbox_id", "sha256"),
        Index("ix_inbound_message_stored_at", "stored_at"),
        Index("ix_inbound_message_mailbox", "mailbox_id", "stored_at"),
        Index("ix_inbound_message_kind", "kind", "stored_at"),
        Index("ix_inbound_message_from", "from_address"),
        Index("ix_inbound_message_message_id", "message_id"),
        Index("ix_inbound_message_delivery", "delivery_id"),
        Index("ix_inbound_message_to_do", "state", "stored_at", sqlite_where=_TO_DO, postgresql_where=_TO_DO),
        # For lists, and to count them by mailbox.
        Index(
            "ix_inbound_message_attention_mailbox",
            "mailbox_id",
            sqlite_where=_TO_LOOK_AT,
            postgresql_where=_TO_LOOK_AT,
        ),
        Index(
            "ix_inbound_message_attention",
            "stored_at",
            sqlite_where=_TO_LOOK_AT,
            postgresql_where=_TO_LOOK_AT,
        ),
    )


class Arrival(Model):
    """One UID of one folder: which message it is. Written in one commit with the message and the cursor."""

    __tablename__ = "mailbox_arrival"

    cursor_id: Mapped[int] = mapped_column(
        ForeignKey("mailbox_cursor.id", ondelete="CASCADE"), primary_key=True
    )
    uid: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("inbound_message.id", ondelete="CASCADE"), index=True)
    seen_at: Mapped[datetime]
    tell_server: Mapped[bool] = mapped_column(default=False)  # the mailbox's after-action is still to be done

    __table_args__ = (
        Index(
            "ix_mailbox_arrival_tell",
            "cursor_id",
            sqlite_where=_TO_TELL_THE_SERVER,
            postgresql_where=_TO_TELL_THE_SERVER,
        ),
    )


class InboundRule(Model):
    """What an operator wants done with some messages, before what is built in."""

    __tablename__ = "inbound_rule"

    id: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(100), unique=True)
    enabled: Mapped[bool] = mapped_column(default=True)
    mailbox_id: Mapped[int | None] = mapped_column(ForeignKey("mailbox.id", ondelete="CASCADE"))
    conditions: Mapped[list[dict[str, str]]] = mapped_column(
        JSON, default=list
    )  # field, test, value: all hold
    action: Mapped[str] = mapped_column(String(100))  # handler:NAME or job:NAME of the catalog
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # of the job, beside message_id
    goes_on: Mapped[bool] = mapped_column(default=False)  # the rules behind it are looked at too
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class InboundAction(Model):
    """What one handler did about one message, once."""

    __tablename__ = "inbound_action"

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("inbound_message.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(120))  # the handler, or the rule whose job it is
    handler: Mapped[str] = mapped_column(String(100))
    rule: Mapped[str] = mapped_column(String(100), default="")  # its name; "" if built in
    reason: Mapped[str] = mapped_column(String(300))  # why this handler
    state: Mapped[str] = mapped_column(String(20), default="pending")
    tries: Mapped[int] = mapped_column(default=0)
    outcome: Mapped[str] = mapped_column(String(500), default="")  # in words
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # e.g. suppression, event_id, run_id
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    message: Mapped[InboundMessage] = relationship(back_populates="actions")

    __table_args__ = (
        UniqueConstraint("message_id", "key"),
        Index("ix_inbound_action_open", "state", sqlite_where=_UNFINISHED, postgresql_where=_UNFINISHED),
    )
