"""A message finds the mail of ours that it answers; who may have forged that is never taken for the recipient.

A Message-ID can be guessed or passed on, and so can a mail be forwarded with its signed return address. So what is
found counts as verified only when the author is whom that mail went to, and the receiving server found no fault with
the author's domain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from sqlalchemy import Select, Table, bindparam, select

from edupulse.database import db
from edupulse.mail.addresses import comparable
from edupulse.mail.models import Delivery
from edupulse.mail.return_path import delivery_of
from edupulse.mailboxes.event import UnifiedEvent

MOST_IDS = 100  # of a thread, newest first; longer ones have lost our mail long ago
LONGEST_ID = 200  # characters, as the ledger keeps them


# A table, and made once: it is said for every answer.
_deliveries = cast(Table, Delivery.__table__)
_FACTS = select(_deliveries.c.id, _deliveries.c.message_id, _deliveries.c.comparable)
_BY_NUMBER = _FACTS.where(_deliveries.c.id == bindparam("wanted"))
_BY_MESSAGE_ID = _FACTS.where(_deliveries.c.message_id.in_(bindparam("wanted", expanding=True)))


@dataclass(frozen=True)
class Thread:
    """Which mail of ours a message answers, whether its author is who got that mail, and how it was found."""

    delivery_id: int | None = None
    is_verified: bool = False
    how: str = "it answers no mail of ours"


class _Ours(NamedTuple):
    id: int
    message_id: str
    comparable: str


def thread_of(event: UnifiedEvent) -> Thread:
    """Return what `event` answers: by a signed address, else by the newest of our Message-IDs that it names."""
    if (signed := _signed(event)) and (found := _by_number(signed)):
        return _thread(found, event, "the signed address that it came to")
    if found := _by_message_id(event):
        return _thread(found, event, "the Message-ID of our mail")
    return Thread()


def is_from(event: UnifiedEvent, address: str) -> bool:
    """Say whether `event` comes from the person at `address`, as far as the receiving server could find out."""
    authors = {comparable(each.address) for each in event.from_ if each.address}
    return authors == {comparable(address)} and event.auth.get("dmarc", "").lower() != "fail"


def _thread(found: _Ours, event: UnifiedEvent, how: str) -> Thread:
    if is_from(event, found.comparable):
        return Thread(found.id, True, f"{how}, and it comes from whom that mail went to")
    who = event.author.address or "nobody"
    fault = "its domain does not vouch for it" if _same_author(event, found) else f"it comes from {who}"
    return Thread(
        found.id, False, f"{how}, but that mail went to {found.comparable} and {fault}: not verified"
    )


def _same_author(event: UnifiedEvent, found: _Ours) -> bool:
    return comparable(event.author.address) == found.comparable


def _signed(event: UnifiedEvent) -> int | None:
    addresses = [*event.delivered_to, *(each.address for each in (*event.to, *event.cc))]
    return next((found for each in addresses if (found := delivery_of(each)) is not None), None)


def _by_number(delivery_id: int) -> _Ours | None:
    return next(_read(_BY_NUMBER, delivery_id), None)


def _by_message_id(event: UnifiedEvent) -> _Ours | None:
    """Return the mail of the newest id that is ours; one that went to the author comes before all others."""
    ids = _newest_first(event.references, event.in_reply_to)
    if not ids:
        return None
    found = {each.message_id: each for each in _read(_BY_MESSAGE_ID, ids)}
    ours = [found[id] for id in ids if id in found]
    return next((each for each in ours if _same_author(event, each)), ours[0] if ours else None)


def _newest_first(references: Sequence[str], in_reply_to: Sequence[str]) -> list[str]:
    ids = dict.fromkeys([*reversed(in_reply_to), *reversed(references)])
    return [id for id in ids if id and len(id) <= LONGEST_ID][:MOST_IDS]


def _read(query: Select[Any], wanted: object) -> Iterator[_Ours]:
    yield from (_Ours(*row) for row in db.session.connection().execute(query, {"wanted": wanted}))
