"""Who must not be written to, why and since when; asked when a mail is accepted and before it leaves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, delete, select

from edupulse.accounts.audit import record
from edupulse.clock import now
from edupulse.database import db
from edupulse.errors import Invalid, NotFound
from edupulse.mail.addresses import comparable, parse_address, refuse_steering
from edupulse.mail.models import Suppression
from edupulse.mail.once import insert_once
from edupulse.paging import PAGE_SIZE, Order, Page, page_of
from edupulse.transaction import look_anew, transaction

EVERYTHING = "all"
# What a person may refuse apart from the rest; other kinds of mail are stopped by "all" alone.
SCOPES = {
    "reminder": "reminder",
    "correction": "reminder",
    "cancellation": "reminder",
    "newsletter": "newsletter",
}
ALL_SCOPES = (EVERYTHING, "newsletter", "reminder")
LONGEST_REASON = 300  # characters
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
    """Read what is suppressed among `addresses`: in the running transaction, else as it is now."""
    wanted = sorted({comparable(address) for address in addresses})
    found: dict[str, list[Stop]] = {}
    look_anew()  # no transaction of its own: pages ask too, and need not wait for who writes
    for start in range(0, len(wanted), ASKED_AT_ONCE):
        some = Suppression.address.in_(wanted[start : start + ASKED_AT_ONCE])
        for row in db.session.execute(
            select(Suppression.address, Suppression.scope, Suppression.reason).where(some)
        ):
            found.setdefault(row.address, []).append(Stop(row.scope, row.reason))
    return Stops(found)


def suppress(address: str, *, reason: str, source: str, scope: str = EVERYTHING) -> bool:
    """Stop mail of `scope` to `address`; `source` says who or what found out. True if it was not stopped yet.

    What is stopped already keeps its first reason.
    """
    row = {"address": comparable(address), "scope": scope, "reason": reason[:300], "source": source[:60]}
    with transaction() as session:
        written = insert_once(session, Suppression).values({**row, "created_at": now()})
        return session.scalar(written.returning(Suppression.id)) is not None


def add(address: str, *, reason: str, actor: str, scope: str = EVERYTHING) -> Suppression:
    """Stop mail of `scope` to `address` because a person says so; return the row that stands.

    What is stopped already keeps its first reason. Raises Invalid naming the field.
    """
    wanted, why = parse_address(address).comparable, " ".join(reason.split())
    if scope not in ALL_SCOPES:
        raise Invalid(
            f"{scope[:40]!r} is no kind of mail.", cure=f"Choose {', '.join(ALL_SCOPES)}.", field="scope"
        )
    refuse_steering(why, field="reason")
    if not why or len(why) > LONGEST_REASON:
        raise Invalid(
            f"Say why, in at most {LONGEST_REASON} characters.",
            cure="Whoever wonders later will read it.",
            field="reason",
        )
    with transaction() as session:
        if suppress(wanted, reason=why, source=f"person:{actor}", scope=scope):
            record(actor, "suppression.add", f"address:{wanted}", scope=scope, reason=why)
        return session.scalars(_of(wanted).where(Suppression.scope == scope)).one()


def lift(address: str, *, actor: str, scope: str = EVERYTHING) -> None:
    """Allow mail of `scope` to `address` again. Raises NotFound, or Invalid for what is no address."""
    wanted = parse_address(address).comparable
    if not _lift(wanted, Suppression.scope == scope, actor=actor):
        raise NotFound(f"{wanted} is not suppressed for {scope}.", address=wanted, scope=scope)


def lift_from(address: str, *, scope: str, source: str, actor: str) -> bool:
    """Allow mail of `scope` again if it was `source` that stopped it; False if it was not."""
    return _lift(comparable(address), Suppression.scope == scope, Suppression.source == source, actor=actor)


def listing(
    search: str = "", scope: str = "", cursor: str = "", *, size: int = PAGE_SIZE
) -> Page[Suppression]:
    """Return a page of what is stopped, newest first; `search` is any part of an address, `scope` "" means any."""
    wanted = select(Suppression)
    if search:
        wanted = wanted.where(Suppression.address.contains(comparable(search.strip()), autoescape=True))
    if scope:
        wanted = wanted.where(Suppression.scope == scope)
    return page_of(wanted, Order(Suppression.created_at, Suppression.id), cursor=cursor, size=size)


def of(address: str) -> list[Suppression]:
    """Return what is stopped for one address, oldest first."""
    return list(db.session.scalars(_of(comparable(address.strip())).order_by(Suppression.id)))


def _of(wanted: str) -> Select[Suppression]:
    return select(Suppression).where(Suppression.address == wanted)


def _lift(wanted: str, *which: ColumnElement[bool], actor: str) -> bool:
    """Delete the rows and write down all that they said, so that it can be read and done again."""
    gone = (Suppression.scope, Suppression.reason, Suppression.source, Suppression.created_at)
    with transaction() as session:
        lifted = session.execute(
            delete(Suppression).where(Suppression.address == wanted, *which).returning(*gone)
        ).all()
        for row in lifted:
            detail = {"scope": row.scope, "reason": row.reason, "source": row.source, "since": row.created_at}
            record(actor, "suppression.lift", f"address:{wanted}", **detail)
    return bool(lifted)
