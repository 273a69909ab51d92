"""Things in the storage that no row names go: what a crash left between the bytes and their row.

The same bytes have the same key, so a poll may find a message's bytes there already and only write the row. What
is let go is therefore kept aside until no poll that began before can come to name it, and put back if one did.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from itertools import islice
from time import monotonic, sleep
from typing import BinaryIO, cast

from sqlalchemy import select

from edupulse import clock
from edupulse.config import current_settings
from edupulse.control.execution import check_stop
from edupulse.database import db
from edupulse.errors import NotFound
from edupulse.exports.models import Export
from edupulse.mailboxes.models import InboundMessage, Mailbox
from edupulse.storage import EXPORTS, INBOUND, SHELVES, Kept, storage
from edupulse.storage.kept import AT_ONCE as PIECE
from edupulse.transaction import look_anew
from edupulse.upkeep.amount import Amount

YOUNGEST = timedelta(
    days=2
)  # the row of younger bytes may still come, by a program that was stopped meanwhile
ASKED_AT_ONCE = 500  # keys in one question to the database
LET_GO_AT_ONCE = 20  # things that are kept aside together
IN_MEMORY = 4 << 20  # bytes of one of them; more goes to the disk
QUIET = 30.0  # seconds to wait for a moment in which nobody writes to the shelf
LOOK_EVERY = 0.1  # seconds


def count(now: datetime) -> Amount:
    """Return how much no row names."""
    return sum((Amount(1, each.size) for each in _orphans(now)), Amount(0, 0))


def remove(now: datetime) -> Iterator[Amount]:
    """Delete what no row names; say after each batch how much went."""
    found = _orphans(now)
    while batch := list(islice(found, LET_GO_AT_ONCE)):
        yield let_go(batch)
        check_stop()


def let_go(things: Sequence[Kept]) -> Amount:
    """Delete these from their shelves, but what a row names; what cannot be told for sure now stays as it is."""
    gone = Amount(0, 0)
    for shelf in SHELVES:
        here = [each for each in things if each.key.startswith(f"{shelf}/")]
        if here and _is_quiet(shelf):
            gone += _exchange(shelf, here)
    return gone


def _orphans(now: datetime) -> Iterator[Kept]:
    for shelf in SHELVES:
        old = (each for each in storage().kept(shelf) if each.at is not None and each.at < now - YOUNGEST)
        while batch := list(islice(old, ASKED_AT_ONCE)):
            named = _named(shelf, [each.key for each in batch])
            yield from (each for each in batch if each.key not in named)


def _exchange(shelf: str, things: Sequence[Kept]) -> Amount:
    """Take things off the shelf, look who names them by now, and put those back; all of them if anything fails."""
    gone: set[Kept] = set()
    with ExitStack() as stack:
        aside = dict(_aside(_unnamed(shelf, things), stack))
        try:
            for each in aside:
                storage().delete(each.key)
            if not _is_busy(shelf):
                gone = set(_unnamed(shelf, aside))
        finally:
            for each in aside.keys() - gone:
                storage().put_file(aside[each], shelf)
    return sum((Amount(1, each.size) for each in gone), Amount(0, 0))


def _aside(things: Iterable[Kept], stack: ExitStack) -> Iterator[tuple[Kept, BinaryIO]]:
    """Yield each with a copy of its bytes; one that has gone already is left out."""
    folder = str(current_settings().data_dir)  # a temporary folder may be a piece of the memory
    for each in things:
        copy = stack.enter_context(tempfile.SpooledTemporaryFile(IN_MEMORY, dir=folder))  # noqa: SIM115 - closed by the stack
        try:
            with storage().open(each.key) as file:
                shutil.copyfileobj(file, copy, PIECE)
        except NotFound:
            continue
        yield each, cast(BinaryIO, copy)


def _unnamed(shelf: str, things: Iterable[Kept]) -> list[Kept]:
    things = list(things)
    named = _named(shelf, [each.key for each in things])
    return [each for each in things if each.key not in named]


def _named(shelf: str, keys: Sequence[str]) -> set[str]:
    """Return those of `keys` that a row names at present."""
    look_anew()
    return _named_by_messages(keys) if shelf == INBOUND else _named_by_exports() & set(keys)


def _named_by_messages(keys: Sequence[str]) -> set[str]:
    # By mailbox and hash, for which there is an index.
    hashes = [key.rpartition("/")[2] for key in keys]
    its = (InboundMessage.mailbox_id.in_(select(Mailbox.id)), InboundMessage.sha256.in_(hashes))
    return set(db.session.scalars(select(InboundMessage.storage_key).where(*its)))


def _named_by_exports() -> set[str]:
    rows = db.session.execute(select(Export.storage_key, Export.parts)).all()
    whole = {row.storage_key for row in rows if row.storage_key}
    # The parts of one that failed are kept for a retry; its record loses them when its time is over.
    return whole | {part["key"] for row in rows for part in row.parts}


def _is_quiet(shelf: str) -> bool:
    """Wait a while until nobody writes to the shelf; say whether it is so."""
    end = monotonic() + QUIET
    while _is_busy(shelf):
        if monotonic() > end:
            return False
        check_stop()
        sleep(LOOK_EVERY)
    return True


def _is_busy(shelf: str) -> bool:
    look_anew()
    if shelf == EXPORTS:
        under_way = select(Export.id).where(Export.state.in_(("queued", "running")))
        return db.session.scalar(under_way.limit(1)) is not None
    # Past its lock a poll may still write, unless another one has begun.
    reading = select(Mailbox.id).where(Mailbox.locked_until > clock.now() - YOUNGEST)
    return db.session.scalar(reading.limit(1)) is not None
