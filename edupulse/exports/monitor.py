"""Exports as those who asked for them see them: listed, and handed out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from sqlalchemy import select, update

from edupulse.accounts import audit
from edupulse.accounts.models import User
from edupulse.clock import now as clock_now
from edupulse.errors import Conflict, Denied, Invalid
from edupulse.exports import shelf
from edupulse.exports.ending import UNDER_WAY
from edupulse.exports.formats import known_format
from edupulse.exports.models import EXPORT_STATES, Export
from edupulse.exports.rows import Reader, is_admin, may_open, of_reader
from edupulse.paging import PAGE_SIZE, Order, Page, page_of
from edupulse.transaction import transaction

SLOW_START = 1.0  # seconds of work before which nobody can say how long it takes


@dataclass(frozen=True)
class OpenFile:
    """A finished file, open for reading; only its first `size` bytes are the file."""

    export: Export
    content_type: str
    size: int
    data: BinaryIO


def listing(reader: Reader, state: str = "", cursor: str = "", size: int = PAGE_SIZE) -> Page[Export]:
    """Return the reader's exports, for an administrator everybody's, newest first; raises Invalid."""
    query = select(Export)
    if not is_admin(reader):
        query = query.join(User, User.id == Export.user_id).where(User.email == reader.email)
    if state:
        if state not in EXPORT_STATES:
            words = f"“{state[:40]}” is no state of an export."
            raise Invalid(words, cure=f"Choose one of {', '.join(EXPORT_STATES)}.", field="state")
        query = query.where(Export.state == state)
    return page_of(query, Order(Export.created_at, Export.id), cursor=cursor, size=size)


def export(export_id: int, reader: Reader) -> Export:
    """Return one export; raises NotFound, Denied for somebody else's."""
    return of_reader(export_id, reader)


def file(export_id: int, reader: Reader) -> OpenFile:
    """Open a finished file and write down who took it.

    Raises NotFound, Denied for who may not see it (any more), Conflict when there is no file, Unavailable.
    """
    found = of_reader(export_id, reader)
    if not may_open(found, reader):
        words = f"This file was written for the role {found.role}."
        raise Denied(words, cure="Ask for a new one: it holds what you may see now.", role=found.role)
    data = shelf.open_whole(_key_of_file(found, clock_now()))
    with transaction() as session:
        taken = update(Export).where(Export.id == export_id).values(downloads=Export.downloads + 1)
        session.execute(taken.execution_options(synchronize_session=False))
        audit.record(reader.email, "export.download", f"export:{export_id}", filename=found.filename)
    return OpenFile(found, known_format(found.format).content_type, found.bytes, data)


def _key_of_file(found: Export, now: datetime) -> str:
    # Its time may be over before the job that throws it away has come by.
    is_over = found.expires_at is not None and found.expires_at <= now
    state = "expired" if found.state == "done" and is_over else found.state
    if state != "done" or found.storage_key is None:
        words = f"There is no file of this export: it is {state}."
        cure = "Wait until it is done." if state in UNDER_WAY else "Ask for it again."
        raise Conflict(words, cure=cure, state=state)
    return found.storage_key


def seconds_left(found: Export, now: datetime) -> float | None:
    """Return how long the writing may still take, by its pace so far; None where nobody can say."""
    if found.state != "running" or not found.started_at or not found.rows or not found.total:
        return None
    spent = (now - found.started_at).total_seconds()
    return spent * (found.total - found.rows) / found.rows if spent >= SLOW_START else None
