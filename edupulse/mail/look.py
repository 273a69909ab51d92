"""The last look at a mail before its dot: whatever was decided until that moment is obeyed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    Table,
    bindparam,
    case,
    exists,
    literal_column,
    or_,
    select,
)

from edupulse.clock import now
from edupulse.database import db
from edupulse.mail.claims import Claimed
from edupulse.mail.mailing import Mailing
from edupulse.mail.models import Delivery, Sender, Suppression
from edupulse.mail.suppressions import EVERYTHING, SCOPES

AT_ONCE = 64  # mails looked at together, where a later change is noticed


@contextmanager
def looking(mails: Sequence[Claimed]) -> Iterator[Look]:
    """Give the block eyes of its own on the ledger: each look sees what is true at that moment.

    `mails` are those of one claim, in the order in which they will go.
    """
    is_sqlite = db.engine.dialect.name == "sqlite"
    eyes = {"looking": True} if is_sqlite else {"isolation_level": "AUTOCOMMIT"}
    with db.engine.connect().execution_options(**eyes) as connection:
        yield (_LookAhead if is_sqlite else Look)(connection, mails)


class Look:
    """Eyes on the ledger: one question for each mail."""

    def __init__(self, connection: Connection, mails: Sequence[Claimed]) -> None:
        self._connection = connection
        self._ids = [mail.id for mail in mails]

    def may_leave(self, mail: Claimed) -> bool:
        """Say whether the mail is still ours, not expired, not suppressed, and neither its mailing nor, by or for a
        person, its account is held. A hold of the account that ends by itself stops new claims only."""
        has_expired = mail.expires_at is not None and mail.expires_at <= now()
        return not has_expired and self._sees(mail)

    def _sees(self, mail: Claimed) -> bool:
        return mail.id in self._among(mail, mail.id)

    def _among(self, mail: Claimed, last_id: int) -> set[int]:
        """Return those of the claim from this mail to the one with `last_id` that may leave."""
        statement, order = _compiled(self._connection.dialect)
        first, last = sorted((mail.id, last_id))
        facts: dict[str, Any] = {"token": mail.token, "first": first, "last": last}
        values = tuple(facts[name] for name in order) if order else facts
        return {row[0] for row in self._connection.exec_driver_sql(statement, values)}


class _LookAhead(Look):
    """Looks at many mails at once, and again when SQLite says that anything was written since: that is asked in a
    microsecond for each mail."""

    def __init__(self, connection: Connection, mails: Sequence[Claimed]) -> None:
        super().__init__(connection, mails)
        self._raw = cast(sqlite3.Connection, connection.connection.dbapi_connection)
        self._seen: int | None = None
        self._may_leave: set[int] = set()

    def _sees(self, mail: Claimed) -> bool:
        version = self._raw.execute("PRAGMA data_version").fetchone()[0]
        if version == self._seen and mail.id in self._may_leave:
            return True
        self._may_leave = self._among(mail, self._ahead_of(mail))
        self._seen = version
        return mail.id in self._may_leave

    def _ahead_of(self, mail: Claimed) -> int:
        if mail.id not in self._ids:
            return mail.id
        place = self._ids.index(mail.id)
        return self._ids[min(place + AT_ONCE, len(self._ids)) - 1]


_D = cast(Table, Delivery.__table__)
_ALL: ColumnElement[str] = literal_column(
    f"'{EVERYTHING}'"
)  # constants stand in the statement, so that it has three parameters only
_OWN_SCOPE = case(
    *(
        (_D.c.kind == literal_column(f"'{kind}'"), literal_column(f"'{scope}'"))
        for kind, scope in SCOPES.items()
    ),
    else_=_ALL,
)
_MAY_LEAVE = select(_D.c.id).where(
    _D.c.id.between(bindparam("first"), bindparam("last")),
    _D.c.claim == bindparam("token"),
    _D.c.state == literal_column("'sending'"),
    ~exists().where(Sender.id == _D.c.sender_id, Sender.paused_at.is_not(None), Sender.resume_at.is_(None)),
    ~exists().where(
        Mailing.id == _D.c.mailing_id, or_(Mailing.held_at.is_not(None), Mailing.over_at.is_not(None))
    ),
    ~exists().where(
        Suppression.address == _D.c.comparable,
        or_(Suppression.scope == _ALL, Suppression.scope == _OWN_SCOPE),
    ),
)


@cache
def _compiled(dialect: Dialect) -> tuple[str, Sequence[str] | None]:
    # The ordinary way would look the statement up anew for each mail, which takes as long as the answer.
    compiled = _MAY_LEAVE.compile(dialect=dialect)
    return str(compiled), getattr(compiled, "positiontup", None)
