"""What can be made again at any time, or was left lying about, goes: sums, repeatable calls, unfinished files."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete

from edupulse.accounts.audit import record
from edupulse.accounts.models import IdempotentCall
from edupulse.config import current_settings
from edupulse.finance import revenue
from edupulse.logs import get_logger
from edupulse.storage.folder import BEGINNINGS
from edupulse.transaction import rows_changed, transaction

CALLS_KEPT = timedelta(days=1)  # as api/idempotency.py promises to programs
UPLOADS = "uploads"  # in the data folder: files that wait for a person's word, see web/uploads.py
LEFT_BEHIND = timedelta(days=1)  # nobody writes to one file for so long, and no upload waits so long

log = get_logger(__name__)


def clear(now: datetime, *, actor: str = "system") -> dict[str, int]:
    """Empty the caches and remove leftovers; return how many of each kind went. Nothing that anybody needs goes."""
    gone = {
        "month_revenue": revenue.clear_cache(),
        "repeatable_calls": _calls(now),
        "uploads": _leftovers(current_settings().data_dir / UPLOADS, now),
        "unfinished_files": sum(_leftovers(folder / BEGINNINGS, now) for folder in _folders()),
    }
    log.info("caches cleared", **gone)
    if any(gone.values()):
        record(actor, "cleanup.caches", "caches", **gone)
    return gone


def _calls(now: datetime) -> int:
    with transaction() as session:
        old = delete(IdempotentCall).where(IdempotentCall.created_at < now - CALLS_KEPT)
        return rows_changed(session, old.execution_options(synchronize_session=False))


def _leftovers(folder: Path, now: datetime) -> int:
    if not folder.is_dir():
        return 0
    return sum(_left_behind(path, now) for path in folder.iterdir())


def _left_behind(path: Path, now: datetime) -> bool:
    try:
        if not path.is_file() or path.stat().st_mtime > (now - LEFT_BEHIND).timestamp():
            return False
        path.unlink()
    except FileNotFoundError:  # somebody else was faster
        return False
    return True


def _folders() -> list[Path]:
    url = current_settings().storage_url
    return [Path(url.removeprefix("file://"))] if url.startswith("file://") else []
