"""After a restore: mails that were open in the backup may have left since, and nobody may get one twice.

What the database that was put aside knows of them is carried over first. Then the person decides: hold them, send
them, or take each for doubtful.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import func, select, update

from edupulse.accounts.audit import record
from edupulse.database import db
from edupulse.mail import senders
from edupulse.mail.models import OPEN_STATES, Delivery, Sender
from edupulse.transaction import rows_changed, transaction

HOLD, SEND, DOUBT = "hold", "send", "doubt"
CHOICES = (HOLD, SEND, DOUBT)
IN_DOUBT = "It was open in the backup that was restored, and may have left since."
_PAUSED = "A backup was restored. Mails that were open in it may have left since, so none leaves by itself."
_CURE = (
    "Look at the mails that wait (python cli.py mail list --state queued). What must not leave goes when its event, "
    "bill or campaign is cancelled; to decide mail by mail, restore again with --mails doubt. Then: python cli.py mail "
    "resume."
)
# What became of a mail. Its number, its claim and its place among others are the new database's.
_OUTCOME = ("state", "reason", "attempts_made", "tries", "dot_at", "sent_at")
_FACTS = (
    "key", "kind", "subject_id", "occurrence", "address", "comparable", "recipient_name", "locale", "subject",
    "message_id", "accepted_at", "due_at", "next_attempt_at", "expires_at", *_OUTCOME,
)  # fmt: skip
_OPEN = ", ".join(f"'{state}'" for state in OPEN_STATES)


class Rows(Protocol):
    """What a statement leaves behind, in any database."""

    @property
    def rowcount(self) -> int: ...


@dataclass(frozen=True)
class Carried:
    """What the database that was put aside knew."""

    outcomes: int  # of mails that were open in the backup
    later: int  # mails that were accepted after the backup and have left


def carry_over(execute: Callable[[str], Rows], aside: str, columns: Collection[str]) -> Carried:
    """Take over what the schema `aside` says of mails; `columns` are those that its table of mails has.

    Mails that were accepted later come along too once they have left: their keys keep them from leaving again.
    """
    if not set(_FACTS) <= set(columns):
        return Carried(0, 0)
    known = ", ".join(f"{name} = was.{name}" for name in _OUTCOME)
    settled = f"was.state NOT IN ({_OPEN})"
    outcomes = execute(
        f"UPDATE delivery SET {known}, claim = NULL FROM {aside}.delivery AS was "  # noqa: S608 - names of ours
        f"WHERE was.key = delivery.key AND delivery.state IN ({_OPEN}) AND {settled}"
    )
    facts, told = ", ".join(_FACTS), ", ".join(f"was.{name}" for name in _FACTS)
    later = execute(
        f"INSERT INTO delivery ({facts}, sender_id) SELECT {told}, (SELECT min(id) FROM sender) "  # noqa: S608
        f"FROM {aside}.delivery AS was WHERE was.state IN ('sent', 'bounced', 'unknown') "
        "AND EXISTS (SELECT 1 FROM sender) AND NOT EXISTS "
        "(SELECT 1 FROM delivery AS here WHERE here.key = was.key OR here.message_id = was.message_id)"
    )
    return Carried(outcomes.rowcount, later.rowcount)


def count() -> int:
    """Return how many mails are open."""
    return (
        db.session.scalar(select(func.count()).select_from(Delivery).where(Delivery.state.in_(OPEN_STATES)))
        or 0
    )


def decide(choice: str, actor: str) -> None:
    """Hold all mail until a person lets it go, take the open mails for doubtful, or leave them as they are."""
    if choice == HOLD:
        _hold(actor)
    elif choice == DOUBT:
        _doubt(actor)


def _hold(actor: str) -> None:
    with transaction() as session:
        senders.pause(cause=senders.RESTORED, reason=_PAUSED, cure=_CURE)
        # Other settings of the mail server do not end this pause: a person does.
        session.execute(update(Sender).values(pause_fingerprint=None))
        record(
            actor,
            "sender.pause",
            f"sender:{senders.DEFAULT}",
            after={"paused": True, "cause": senders.RESTORED},
        )


def _doubt(actor: str) -> None:
    values: dict[str, Any] = {"state": "unknown", "reason": IN_DOUBT, "claim": None}
    doubtful = update(Delivery).where(Delivery.state.in_(OPEN_STATES)).values(**values)
    with transaction() as session:
        doubted = rows_changed(session, doubtful.execution_options(synchronize_session=False))
        record(actor, "mail.doubt", "deliveries", mails=doubted)
