"""The last look at a mail before its dot: whatever was decided until that moment is obeyed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from sqlalchemy import Connection, Table, bindparam, exists, literal_column, or_, select

from edupulse.clock import now
from edupulse.database import db
from edupulse.mail.claims import Claimed
from edupulse.mail.mailing import Mailing
from edupulse.mail.models import Delivery, Sender, Suppression
from edupulse.mail.suppressions import EVERYTHING, scopes_of


@contextmanager
def looking() -> Iterator[Look]:
    """Give the block eyes of its own on the ledger: each look sees what is true at that moment."""
    eyes = {"looking": True} if db.engine.dialect.name == "sqlite" else {"isolation_level": "AUTOCOMMIT"}
    with db.engine.connect().execution_options(**eyes) as connection:
        yield Look(connection)


class Look:
    """Eyes on the ledger."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        # Compiled here: the ordinary way would look it up anew, and take as long as the answer, for each mail.
        compiled = _MAY_LEAVE.compile(dialect=connection.dialect)
        self._statement, self._order = str(compiled), getattr(compiled, "positiontup", None)

    def may_leave(self, mail: Claimed) -> bool:
        """Say whether the mail is still ours, not expired, not suppressed, and neither its mailing nor, by or for a
        person, its account is held. A hold of the account that ends by itself stops new claims only."""
        if mail.expires_at is not None and mail.expires_at <= now():
            return False
        facts = {
            "mail": mail.id,
            "token": mail.token,
            "scope": scopes_of(mail.kind)[-1],
        }
        values = tuple(facts[name] for name in self._order) if self._order else facts
        return self._connection.exec_driver_sql(self._statement, values).first() is not None


_D = cast(Table, Delivery.__table__)
_MAY_LEAVE = select(_D.c.id).where(
    _D.c.id == bindparam("mail"),
    _D.c.claim == bindparam("token"),
    _D.c.state == literal_column("'sending'"),
    ~exists().where(Sender.id == _D.c.sender_id, Sender.paused_at.is_not(None), Sender.resume_at.is_(None)),
    ~exists().where(
        Mailing.id == _D.c.mailing_id, or_(Mailing.held_at.is_not(None), Mailing.over_at.is_not(None))
    ),
    ~exists().where(
        Suppression.address == _D.c.comparable,
        or_(Suppression.scope == literal_column(f"'{EVERYTHING}'"), Suppression.scope == bindparam("scope")),
    ),
)
