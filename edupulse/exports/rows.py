"""Who may look at which export: whoever asked for it, and administrators."""

from __future__ import annotations

from typing import Protocol

from edupulse.accounts.models import ROLES
from edupulse.database import db
from edupulse.errors import Denied, NotFound
from edupulse.exports.models import Export
from edupulse.paging import LARGEST_NUMBER


class Reader(Protocol):
    """Somebody with a role: a person who is signed in, a program with a token, or the machine's shell."""

    @property
    def email(self) -> str: ...
    @property
    def role(self) -> str: ...


def existing(export_id: int) -> Export:
    """Return an export; raises NotFound."""
    found = db.session.get(Export, export_id) if 0 < export_id <= LARGEST_NUMBER else None
    if found is None:
        raise NotFound(
            f"There is no export {export_id}.", cure="See the list of exports.", export_id=export_id
        )
    return found


def of_reader(export_id: int, reader: Reader) -> Export:
    """Return an export that this reader may know of; raises NotFound, Denied for somebody else's."""
    export = existing(export_id)
    if not (is_admin(reader) or is_owner(export, reader)):
        raise Denied("This export was asked for by somebody else.", cure="Ask for one of your own.")
    return export


def may_open(export: Export, reader: Reader) -> bool:
    """Say whether the file may be handed out: a role that was lowered since reads no more than it may now."""
    is_theirs = is_admin(reader) or is_owner(export, reader)
    return is_theirs and ROLES.index(reader.role) >= ROLES.index(export.role)


def is_admin(reader: Reader) -> bool:
    """Say whether the reader sees everybody's exports."""
    return reader.role == "admin"


def is_owner(export: Export, reader: Reader) -> bool:
    """Say whether the reader asked for it."""
    return export.user is not None and export.user.email == reader.email
