"""Nothing may work while a backup is restored: who is at it is found, and named."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from edupulse.clock import now
from edupulse.control.workers import live_processes
from edupulse.database import db
from edupulse.errors import Conflict

STOP = (
    "Stop it first: Ctrl-C or `python cli.py stop`, with systemd `sudo systemctl stop edupulse.target`; a process that "
    "was killed counts as alive for half a minute. --force restores all the same."
)
_OTHERS = """
SELECT coalesce(nullif(application_name, ''), 'a program') || ' (' || pid || ')' FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


def require() -> None:
    """Raise Conflict while a process of EduPulse lives, or another program is connected to our PostgreSQL.

    A database that cannot be read knows of nobody.
    """
    try:
        alive = [f"{each.kind} {each.name}" for each in live_processes(now())]
        others = _others() if not alive else []
    except SQLAlchemyError:
        return
    finally:
        db.session.remove()
    if alive or others:
        named = ", ".join([*alive, *others][:5])
        raise Conflict(f"EduPulse is at work: {named}. A backup cannot be restored under it.", cure=STOP)


def _others() -> list[str]:
    db.session.remove()  # our own connections would be others, too
    db.engine.dispose()
    if db.engine.dialect.name != "postgresql":
        return []
    with db.engine.connect() as connection:
        return [str(name) for name in connection.execute(text(_OTHERS)).scalars()]
