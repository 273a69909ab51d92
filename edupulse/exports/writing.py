"""One export is written: part by part, each a step that is never taken back, then put together.

A part is in the storage before the row says so, and the row says in one commit what is written and where to go on.
Who is killed at any moment goes on behind the last part that the row knows, so that each row is in the file once. A
second writer takes over by raising the fence; the older one finds that out with its next commit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from tempfile import TemporaryFile
from typing import Any, cast

from sqlalchemy import Select, func, select, update

from edupulse.clock import now as clock_now
from edupulse.config import current_settings
from edupulse.control.execution import current_run
from edupulse.control.progress import report
from edupulse.database import db
from edupulse.errors import Conflict
from edupulse.exports import shelf
from edupulse.exports.ending import kept_until, tell_ready, write_down_failure
from edupulse.exports.formats import known_format
from edupulse.exports.formats.format import Format, Piece, Rows
from edupulse.exports.models import Export
from edupulse.exports.rows import existing
from edupulse.exports.table import KEY, Table
from edupulse.exports.tables import known
from edupulse.transaction import look_anew, rows_changed, transaction

PART_ROWS = 20_000  # some tenths of a second of work: so much is lost with a kill, at most
PART_BYTES = 8_000_000  # before compression; rows with long texts make shorter parts
READ_AT_ONCE = 1_000  # rows
LARGEST = 2**63  # rows, which nothing reaches
WRITABLE = ("queued", "running", "failed")  # a failed one goes on when its run is tried again


class Overtaken(Conflict):
    """Another writer has this export now, or it was called off."""


@dataclass
class Writer:
    """One try at one export; `fence` is what it was given when it began."""

    export: Export
    fence: int
    table: Table
    format: Format
    zone: str

    @property
    def position(self) -> dict[str, Any]:
        return self.export.position or {}


def write(export_id: int, now: datetime) -> dict[str, Any]:
    """Write an export to its end, from where an earlier try stopped, and say what came of it.

    One that is over already stays as it is. Raises NotFound; Overtaken when another try, or a person, was faster;
    Unavailable when the database or the storage cannot be reached.
    """
    writer = _take_over(export_id, now)
    if writer is None:
        return _outcome(export_id)
    try:
        if not writer.position:
            _set_out(writer)
        while not writer.position["whole"]:
            _write_part(writer)
        _put_together(writer)
    except Overtaken:
        if existing(export_id).state == "cancelled":
            return _outcome(export_id)
        raise
    except BaseException as error:
        write_down_failure(export_id, writer.fence, error)
        raise
    return _outcome(export_id)


def _take_over(export_id: int, now: datetime) -> Writer | None:
    run, export = current_run(), existing(export_id)
    values: dict[str, Any] = {
        "state": "running", "error": "", "fence": Export.fence + 1, "ended_at": None, "expires_at": None,
        "started_at": func.coalesce(Export.started_at, now),
    }  # fmt: skip
    if run is not None:
        values["run_id"] = run.id
    with transaction() as session:
        is_mine = update(Export).where(Export.id == export_id, Export.state.in_(WRITABLE)).values(values)
        if not rows_changed(session, is_mine):
            return None
        session.refresh(export)
    zone = current_settings().timezone
    return Writer(export, export.fence, known(export.table), known_format(export.format), zone)


def _set_out(writer: Writer) -> None:
    """Say where the table ends now and how many rows that are: what comes later is not in the file."""
    table = writer.table
    look_anew()
    last = db.session.scalar(select(func.max(table.unique))) if table.is_numbered else clock_now().isoformat()
    position = {"after": None, "until": last, "whole": last is None}
    narrowed = _up_to(writer, position).with_only_columns(table.unique).order_by(None)
    total = db.session.scalar(select(func.count()).select_from(narrowed.subquery()))
    _commit(writer, position=position, total=total, rows=0, parts=[])


def _up_to(writer: Writer, position: dict[str, Any]) -> Select[Any]:
    """Return the rows that there were when the export began."""
    table, until = writer.table, position["until"]
    query = table.query(writer.export.filters)
    if until is None:
        return query
    if table.is_numbered:
        return query.where(table.unique <= until)
    return query.where(table.at <= datetime.fromisoformat(until))


def _write_part(writer: Writer) -> None:
    position, export = writer.position, writer.export
    room = _room_on_the_sheet(writer)
    query = _up_to(writer, position).limit(min(PART_ROWS, room))
    if position["after"] is not None:
        query = query.where(writer.table.unique > position["after"])
    data, count, last = _encoded(writer, query)
    is_last = count < min(PART_ROWS, room) and len(data) < PART_BYTES
    parts = list(export.parts)
    if count:
        stored = shelf.put_part(export.id, data)
        sheet = export.rows // (writer.format.most_rows or LARGEST)
        parts.append({"key": stored.key, "rows": count, "bytes": len(data), "sheet": sheet})
    onwards = {**position, "after": position["after"] if last is None else last, "whole": is_last}
    _commit(writer, position=onwards, rows=export.rows + count, parts=parts)
    _report(writer)


def _room_on_the_sheet(writer: Writer) -> int:
    most = writer.format.most_rows or LARGEST
    return most - writer.export.rows % most


def _encoded(writer: Writer, query: Select[Any]) -> tuple[bytes, int, Any]:
    """Return the rows as they stand in the file, how many they are, and the key of the last one."""
    encode = writer.format.encoder(writer.table.columns, writer.zone)
    pieces: list[bytes] = []
    count, size, last = 0, 0, None
    look_anew()
    with db.session.execute(query.execution_options(yield_per=READ_AT_ONCE)) as found:
        for batch in found.partitions():
            pieces.append(encode(cast(Rows, batch)))
            count, size, last = count + len(batch), size + len(pieces[-1]), getattr(batch[-1], KEY)
            if size >= PART_BYTES:
                break
    look_anew()
    return b"".join(pieces), count, last


def _put_together(writer: Writer) -> None:
    export, parts = writer.export, list(writer.export.parts)
    # Not in the folder for temporary files: that may be a piece of the memory.
    with TemporaryFile(dir=current_settings().data_dir) as file:
        pieces = [Piece(part["sheet"], part["bytes"], shelf.read_part(part["key"])) for part in parts]
        writer.format.join(file, writer.table.columns, writer.zone, pieces)
        key, digest, size = shelf.put_whole(export.id, file)
    ended = clock_now()
    with transaction():
        _commit(
            writer, state="done", storage_key=key, sha256=digest, bytes=size, parts=[], ended_at=ended,
            expires_at=kept_until(ended),
            filename=f"{export.table}-{export.id}.{writer.format.name}",
        )  # fmt: skip
        tell_ready(export)
    shelf.throw_away(shelf.keys_of_parts(parts))


def _commit(writer: Writer, **values: Any) -> None:
    """Write down what is true from now on, unless somebody else has the export. Raises Overtaken."""
    with transaction() as session:
        mine = (Export.id == writer.export.id, Export.fence == writer.fence, Export.state == "running")
        if not rows_changed(session, update(Export).where(*mine).values(**values)):
            words = "Another try has taken this export over, or it was called off."
            raise Overtaken(words, export=writer.export.id)
        session.refresh(writer.export)


def _report(writer: Writer) -> None:
    rows, total = writer.export.rows, writer.export.total or 0
    report(rows, max(rows, total), f"{rows} of {total} rows")


def _outcome(export_id: int) -> dict[str, Any]:
    look_anew()
    export = existing(export_id)
    return {"state": export.state, "rows": export.rows, "bytes": export.bytes}
