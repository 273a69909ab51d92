"""After a restore: mails that were open in the backup may have left since, and nobody may get one twice.

What the database that was put aside knows of them is carried over first. Then the person decides: hold them, send
them, or take each for doubtful. What was only planned in the backup may have left, too, and becomes a mail again when
EduPulse runs: unless all is to be sent, nothing leaves before a person says so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
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
_PAUSED = "A backup was restored. Mails that were open or planned in it may have left since, so none leaves by itself."
_CURE = (
    "Look at the mails that wait (python cli.py mail list --state queued). What must not leave goes when its event, "
    "bill or campaign is cancelled; to decide mail by mail, restore again with --mails doubt. Then: python cli.py mail "
    "resume."
)
# Of a mail that the backup does not know: it stays away for good, unless what it is about is not in the backup, for
# then the next thing of that kind gets the same number. Its table, by the kind of mail; None: about no row.
_ABOUT = {
    "reminder": "event", "correction": "event", "cancellation": "event",
    "bill_reminder": "bill",
    "newsletter": "campaign", "transactional": "campaign",
}  # fmt: skip
# What became of a mail. Its number, its claim and its place among others are the new database's.
_OUTCOME = ("state", "reason", "attempts_made", "tries", "dot_at", "sent_at")
_FACTS = (
    "key", "kind", "subject_id", "occurrence", "address", "comparable", "recipient_name", "locale", "subject",
    "message_id", "accepted_at", "due_at", "next_attempt_at", "expires_at", *_OUTCOME,
)  # fmt: skip
_OPEN = ", ".join(f"'{state}'" for state in OPEN_STATES)


Words = Callable[[str], list[str]]  # statements, for the prefix of the schema's tables


class Rows(Protocol):
    """What a statement leaves behind, in any database."""

    @property
    def rowcount(self) -> int: ...


@dataclass(frozen=True)
class Carried:
    """What the database that was put aside knew."""

    outcomes: int  # of mails that were open in the backup
    later: int  # mails that were accepted after the backup and have left
    stops: int  # addresses that were to get no mail any more

    def __add__(self, other: Carried) -> Carried:
        return Carried(self.outcomes + other.outcomes, self.later + other.later, self.stops + other.stops)


NOTHING = Carried(0, 0, 0)


def carry_over(execute: Callable[[str], Rows], aside: str, columns: Collection[str]) -> Carried:
    """Take over what the schema `aside` says of mails; `columns` are those that its table of mails has.

    Mails that were accepted later come along too once they have left: their keys keep them from leaving again. Not
    those about what the backup does not know: the next event, bill or campaign gets its number, and must not pass for
    mailed. And whoever was not to get mail any more, gets none.
    """
    if not set(_FACTS) <= set(columns):
        return NOTHING
    known = ", ".join(f"{name} = was.{name}" for name in _OUTCOME)
    settled = f"was.state NOT IN ({_OPEN})"
    outcomes = execute(
        f"UPDATE delivery SET {known}, claim = NULL FROM {aside}.delivery AS was "  # noqa: S608 - names of ours
        f"WHERE was.key = delivery.key AND delivery.state IN ({_OPEN}) AND {settled}"
    )
    execute(f"{_an_account('')} AND EXISTS (SELECT 1 FROM {aside}.delivery)")  # noqa: S608
    facts, told = ", ".join(_FACTS), ", ".join(f"was.{name}" for name in _FACTS)
    later = execute(
        f"INSERT INTO delivery ({facts}, sender_id) SELECT {told}, (SELECT min(id) FROM sender) "  # noqa: S608
        f"FROM {aside}.delivery AS was WHERE was.state IN ('sent', 'bounced', 'unknown') "
        f"AND {_is_about_something()} AND NOT EXISTS "
        "(SELECT 1 FROM delivery AS here WHERE here.key = was.key OR here.message_id = was.message_id)"
    )
    stops = execute(
        f"INSERT INTO suppression (address, scope, reason, source, created_at) "  # noqa: S608
        f"SELECT was.address, was.scope, was.reason, was.source, was.created_at FROM {aside}.suppression AS was "
        "WHERE NOT EXISTS (SELECT 1 FROM suppression AS here "
        "WHERE here.address = was.address AND here.scope = was.scope)"
    )
    return Carried(outcomes.rowcount, later.rowcount, stops.rowcount)


def _is_about_something() -> str:
    looks = [
        f"WHEN '{kind}' THEN EXISTS (SELECT 1 FROM {table} WHERE CAST({table}.id AS VARCHAR) = was.subject_id)"  # noqa: S608
        for kind, table in _ABOUT.items()
    ]
    return f"CASE was.kind {' '.join(looks)} ELSE 1 = 1 END"


def hold_words(moment: datetime) -> Words:
    """Return what holds all mail, in SQL: it is in a database before anybody can work with that."""
    reason, cure = (words.replace("'", "''") for words in (_PAUSED, _CURE))
    at = f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"

    def words(prefix: str) -> list[str]:
        zone = "+00:00" if prefix else ""  # as PostgreSQL reads an instant, and as SQLite has it written down
        return [
            _an_account(prefix),
            f"UPDATE {prefix}sender SET paused_at = '{at}{zone}', resume_at = NULL, pause_fingerprint = NULL, "  # noqa: S608
            f"pause_cause = '{senders.RESTORED}', pause_reason = '{reason}', pause_cure = '{cure}' "
            f"WHERE name = '{senders.DEFAULT}'",
        ]

    return words


def _an_account(prefix: str) -> str:
    """Return what makes the row of the account where there is none, as before the first mail."""
    return (
        f"INSERT INTO {prefix}sender (name, failures) SELECT '{senders.DEFAULT}', 0 "  # noqa: S608 - words of ours
        f"WHERE NOT EXISTS (SELECT 1 FROM {prefix}sender WHERE name = '{senders.DEFAULT}')"
    )


def count() -> int:
    """Return how many mails are open."""
    return (
        db.session.scalar(select(func.count()).select_from(Delivery).where(Delivery.state.in_(OPEN_STATES)))
        or 0
    )


def decide(choice: str, actor: str) -> None:
    """Hold all mail until a person lets it go, take the open ones for doubtful besides, or leave them as they are."""
    if choice == DOUBT:
        _doubt(actor)
    if choice != SEND:
        _hold(actor)


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
