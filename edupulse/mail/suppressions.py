"""Who must not be written to, why and since when; asked when a mail is accepted and before it leaves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import delete, select

from edupulse.accounts.audit import record
from edupulse.clock import now
from edupulse.errors import NotFound
from edupulse.mail.addresses import comparable, parse_address
from edupulse.mail.models import Suppression
from edupulse.mail.once import insert_once
from edupulse.transaction import transaction

EVERYTHING = "all"
# What a person may refuse apart from the rest; other kinds of mail are stopped by "all" alone.
SCOPES = {
    "reminder": "reminder",
    "correction": "reminder",
    "cancellation": "reminder",
    "newsletter": "newsletter",
}
ASKED_AT_ONCE = 500  # addresses in one query; below the limit on parameters of any SQLite


class Stop(NamedTuple):
    """One scope that an address is closed for, and why."""

    scope: str
    reason: str


class Stops:
    """The suppressions of some addresses at one moment."""

    def __init__(self, found: dict[str, list[Stop]]) -> None:
        self._found = found

    def reason(self, address: str, kind: str) -> str | None:
        """Return why a mail of `kind` must not go to `address`, None if it may."""
        stops = self._found.get(comparable(address), ())
        return next((stop.reason for stop in stops if stop.scope in scopes_of(kind)), None)


def scopes_of(kind: str) -> tuple[str, ...]:
    """Return the scopes of suppression that stop mail of `kind`."""
    return (EVERYTHING, SCOPES[kind]) if kind in SCOPES else (EVERYTHING,)


def stops_for(addresses: Iterable[str]) -> Stops:
    """Read what is suppressed among `addresses`, in the running transaction."""
    wanted = sorted({comparable(address) for address in addresses})
    found: dict[str, list[Stop]] = {}
    with transaction() as session:
        for start in range(0, len(wanted), ASKED_AT_ONCE):
            some = Suppression.address.in_(wanted[start : start + ASKED_AT_ONCE])
            for row in session.execute(
                select(Suppression.address, Suppression.scope, Suppression.reason).where(some)
            ):
                found.setdefault(row.address, []).append(Stop(row.scope, row.reason))
    return Stops(found)


def suppress(address: str, *, reason: str, source: str, scope: str = EVERYTHING) -> None:
    """Stop mail of `scope` to `address`; `source` says who or what found out.

    What is stopped already keeps its first reason.
    """
    row = {"address": comparable(address), "scope": scope, "reason": reason[:300], "source": source[:60]}
    with transaction() as session:
        session.execute(insert_once(session, Suppression), [{**row, "created_at": now()}])


def lift(address: str, *, actor: str, scope: str = EVERYTHING) -> None:
    """Allow mail of `scope` to `address` again. Raises NotFound, or Invalid for what is no address."""
    wanted = parse_address(address).comparable
    with transaction() as session:
        where = (Suppression.address == wanted, Suppression.scope == scope)
        if session.scalar(delete(Suppression).where(*where).returning(Suppression.id)) is None:
            raise NotFound(f"{wanted} is not suppressed for {scope}.", address=wanted, scope=scope)
        record(actor, "suppression.lift", f"address:{wanted}", scope=scope)
