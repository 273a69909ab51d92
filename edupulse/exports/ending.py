"""How an export ends: its owner is told, and what went wrong stands in its row."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import update

from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.control.execution import current_run
from edupulse.control.interruptions import Cancelled, Interruption, WorkerStopping
from edupulse.control.run import Failure
from edupulse.database import db, start_anew
from edupulse.exports.models import Export
from edupulse.exports.rows import existing
from edupulse.notifications import notify
from edupulse.transaction import rows_changed, transaction

LONGEST_ERROR = 500  # characters, as the column
UNDER_WAY = ("queued", "running")


def tell_ready(export: Export) -> None:
    """Tell whoever asked for it that the file is there."""
    if export.user_id is not None:
        facts = {
            "table": export.table, "rows": export.rows, "filename": export.filename, "export_id": export.id
        }  # fmt: skip
        notify.tell([export.user_id], "export_ready", f"export_ready:{_once(export)}", facts, _page(export))


def write_down_failure(export_id: int, fence: int, error: BaseException) -> None:
    """Write why a try at an export ended, and whether another one follows; one that was overtaken writes nothing."""
    if isinstance(error, Interruption):
        start_anew()  # it may have come in the midst of a commit
    else:
        db.session.rollback()
    if isinstance(error, WorkerStopping):
        return  # the run is given back, and goes on elsewhere
    failure, run = Failure.of(error), current_run()
    if run is not None and failure.temporary and run.attempts < run.max_attempts:
        _note(export_id, fence, failure.message)
        return
    end(export_id, "cancelled" if isinstance(error, Cancelled) else "failed", failure.message, fence=fence)


def end(export_id: int, state: str, error: str, *, fence: int | None = None) -> bool:
    """Let an export that is under way be over; False if it was already. A failed one is told to its owner.

    Its parts stay until it expires: who tries the run again goes on behind them.
    """
    moment = now()
    with transaction() as session:
        still = [Export.id == export_id, Export.state.in_(UNDER_WAY)]
        if fence is not None:
            still.append(Export.fence == fence)
        values = {
            "state": state,
            "error": error[:LONGEST_ERROR],
            "ended_at": moment,
            "expires_at": kept_until(moment),
        }
        if not rows_changed(session, update(Export).where(*still).values(**values)):
            return False
        session.expire_all()
        if state == "failed":
            _tell_failed(existing(export_id))
    return True


def kept_until(ended: datetime) -> datetime:
    """Return until when what was written is kept."""
    return ended + timedelta(hours=current_settings().export_keep_hours)


def _note(export_id: int, fence: int, error: str) -> None:
    with transaction() as session:
        mine = update(Export).where(Export.id == export_id, Export.fence == fence, Export.state == "running")
        session.execute(mine.values(error=f"{error[:400]} It is tried again by itself."))


def _tell_failed(export: Export) -> None:
    if export.user_id is not None:
        facts = {"table": export.table, "error": export.error, "export_id": export.id}
        key = f"export_failed:{_once(export)}:{export.fence}"
        notify.tell([export.user_id], "export_failed", key, facts, _page(export))


def _page(export: Export) -> str:
    return f"/exports/{export.id}"


def _once(export: Export) -> str:
    """Return what no other export ever has: SQLite gives the number of a deleted row again."""
    return f"{export.id}:{export.created_at:%Y%m%d%H%M%S}"
