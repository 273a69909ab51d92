"""Files go when their time is over, and exports whose job has ended without them are over too."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.exports import shelf
from edupulse.exports.ending import UNDER_WAY, end
from edupulse.exports.models import Export
from edupulse.transaction import look_anew, rows_changed, transaction

OVER = ("done", "failed", "cancelled")
LEFT = "Its job has ended before the file was whole."


def expire(now: datetime) -> dict[str, int]:
    """Delete the files whose time has come, and let exports that nobody writes any more be over.

    What the storage cannot delete now is found by the cleanup of what no row names. Raises Unavailable.
    """
    settled = sum(_settle(export) for export in _left_alone())
    return {"expired": sum(_expire(export) for export in _due(now)), "settled": settled}


def _due(now: datetime) -> list[Export]:
    look_anew()
    return list(db.session.scalars(select(Export).where(Export.state.in_(OVER), Export.expires_at <= now)))


def _expire(export: Export) -> bool:
    keys = [export.storage_key, *shelf.keys_of_parts(export.parts)]
    had_file = export.state == "done"
    gone: dict[str, Any] = {"storage_key": None, "parts": [], "position": None, "expires_at": None}
    with transaction() as session:
        # A failed or cancelled one keeps its state: that is what became of it.
        values = {**gone, "state": "expired"} if had_file else gone
        still = (Export.id == export.id, Export.state == export.state, Export.fence == export.fence)
        if not rows_changed(session, update(Export).where(*still).values(**values)):
            return False
    shelf.throw_away(keys)
    return True


def _left_alone() -> list[Export]:
    """Return what is under way while its run is over, or is not known any more."""
    look_anew()
    under_way = db.session.scalars(select(Export).where(Export.state.in_(UNDER_WAY)).order_by(Export.id))
    return [export for export in under_way if (run := _run_of(export)) is None or run.is_final]


def _settle(export: Export) -> bool:
    run = _run_of(export)
    state = "cancelled" if run is not None and run.state == "cancelled" else "failed"
    return end(export.id, state, (run.error_message if run else "") or LEFT, fence=export.fence)


def _run_of(export: Export) -> JobRun | None:
    return db.session.get(JobRun, export.run_id) if export.run_id else None
