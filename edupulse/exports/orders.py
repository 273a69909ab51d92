"""What a person may order: a table as a file, that its writing stops, that the file goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select, update

from edupulse.accounts import audit
from edupulse.accounts.models import User
from edupulse.clock import now
from edupulse.control import actions
from edupulse.control.enqueue import enqueue
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.errors import Conflict
from edupulse.exports import shelf
from edupulse.exports.ending import UNDER_WAY, end
from edupulse.exports.formats import known_format
from edupulse.exports.models import Export
from edupulse.exports.rows import Reader, existing, of_reader
from edupulse.exports.tables import permitted
from edupulse.transaction import after_commit, rows_changed, transaction

GIVEN_UP = ("failed", "cancelled")
MOST_UNDER_WAY = 10  # of one person: reports wait in the same queue, and the parts lie on the same disk


class TooMany(Conflict):
    """This person has as many exports under way as one may have."""


def ask(table: str, format: str, filters: Mapping[str, str], *, reader: Reader) -> Export:
    """Accept an export of what this reader may see; the same one, asked for again while it is written, is that one.

    Raises Invalid naming the field, Denied for a table above the reader's role, TooMany.
    """
    wanted = permitted(table, reader.role)
    facts = {
        "table": wanted.key, "format": known_format(format).name, "filters": wanted.checked(filters),
        "actor": reader.email, "role": reader.role,
    }  # fmt: skip
    with transaction() as session:
        # Held until the end, so that two of their questions at once are answered one after the other.
        its_owner = select(User.id).where(User.email == reader.email).with_for_update(key_share=True)
        user_id = session.scalar(its_owner)
        if same := _under_way(facts):
            return same
        _refuse_too_many(reader.email)
        export = Export(**facts, state="queued", user_id=user_id, created_at=now())
        session.add(export)
        session.flush()
        run = enqueue(
            "exports.export_data", unique_key=f"export:{export.id}", actor=reader.email, export_id=export.id
        )
        export.run_id = run.id
        asked = {"table": export.table, "format": export.format, "filters": export.filters}
        audit.record(reader.email, "export.ask", f"export:{export.id}", **asked)
    return export


def cancel(export_id: int, *, reader: Reader) -> Export:
    """Stop writing an export; what there is of it goes. Raises NotFound, Denied, Conflict when it is over."""
    of_reader(export_id, reader)
    with transaction() as session:
        is_stopped = end(export_id, "cancelled", f"Called off by {reader.email}.")
        export = existing(export_id)  # from here on its writer adds no part
        if not is_stopped:
            words = f"This export is {export.state} already."
            raise Conflict(words, cure="Look at it again.", state=export.state)
        run_id, parts = export.run_id, shelf.keys_of_parts(export.parts)
        session.execute(update(Export).where(Export.id == export_id).values(parts=[]))
        audit.record(reader.email, "export.cancel", f"export:{export_id}")
        _stop(run_id, reader.email)
        after_commit(_throw_away, parts)
    return existing(export_id)


def delete(export_id: int, *, reader: Reader) -> Export:
    """Throw a file away before its time; its row stays. Raises NotFound, Denied, Conflict while it is written."""
    export = of_reader(export_id, reader)
    keys = [export.storage_key, *shelf.keys_of_parts(export.parts)]
    with transaction() as session:
        over = (Export.id == export_id, Export.state.in_(("done", *GIVEN_UP)))
        gone: dict[str, Any] = {
            "state": "expired",
            "storage_key": None,
            "parts": [],
            "position": None,
            "expires_at": now(),
        }
        if not rows_changed(session, update(Export).where(*over).values(**gone)):
            words = f"There is no file of this export to throw away: it is {export.state}."
            raise Conflict(words, cure="One that is still written can be called off.", state=export.state)
        audit.record(reader.email, "export.delete", f"export:{export_id}")
        after_commit(_throw_away, keys)
    return existing(export_id)


def _under_way(facts: Mapping[str, object]) -> Export | None:
    alike = [getattr(Export, name) == facts[name] for name in ("table", "format", "actor", "role")]
    for found in db.session.scalars(
        select(Export).where(Export.state.in_(UNDER_WAY), *alike).order_by(Export.id)
    ):
        if found.filters == facts["filters"]:
            return found
    return None


def _refuse_too_many(actor: str) -> None:
    theirs = select(func.count()).where(Export.state.in_(UNDER_WAY), Export.actor == actor)
    if (db.session.scalar(theirs) or 0) >= MOST_UNDER_WAY:
        words = f"You have {MOST_UNDER_WAY} exports under way, which is as many as one may have."
        raise TooMany(words, cure="Wait until one is done, or call one off.", limit=MOST_UNDER_WAY)


def _stop(run_id: str | None, actor: str) -> None:
    run = db.session.get(JobRun, run_id) if run_id else None
    if run is not None and not run.is_final:
        actions.cancel(run.id, actor, "The export was called off.")


def _throw_away(keys: list[list[str | None]]) -> None:
    shelf.throw_away(key for each in keys for key in each)
