"""Pools are started, stopped and restarted; starting also makes the schedules match the mailboxes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from edupulse.accounts import audit
from edupulse.clock import now
from edupulse.control.changes import SyncResult
from edupulse.control.dispatch import OUTAGES
from edupulse.control.pools.rows import all_rows, subject, to_change, wish
from edupulse.logs import get_logger
from edupulse.transaction import transaction

START, STOP, RESTART = "start", "stop", "restart"

log = get_logger(__name__)

_when_started: list[Callable[[datetime], SyncResult]] = []


@dataclass(frozen=True)
class Started:
    """What came of starting workers; `mailboxes` is None when their schedules could not be looked at now."""

    pools: list[str]
    mailboxes: SyncResult | None


def when_started(handler: Callable[[datetime], SyncResult]) -> None:
    """Let `handler` make schedules match what they are made from whenever somebody starts workers."""
    if handler not in _when_started:
        _when_started.append(handler)


def start(name: str, *, actor: str) -> Started:
    """Let the workers of a pool run. Raises NotFound."""
    return _started([_order(START, name, actor)])


def stop(name: str, *, actor: str) -> None:
    """Let the workers of a pool end: a job under way gets its grace, then goes back to its queue. Raises NotFound."""
    _order(STOP, name, actor)


def restart(name: str, *, actor: str) -> Started:
    """Replace the workers of a pool by new ones; what they work on is brought to its end. Raises NotFound."""
    return _started([_order(RESTART, name, actor)])


def start_all(*, actor: str) -> Started:
    """Start every pool."""
    return _started(_order_all(START, actor))


def stop_all(*, actor: str) -> list[str]:
    """Stop every pool; return their names."""
    return _order_all(STOP, actor)


def restart_all(*, actor: str) -> Started:
    """Restart every pool."""
    return _started(_order_all(RESTART, actor))


def _order_all(order: str, actor: str) -> list[str]:
    with transaction():
        return [_order(order, row.name, actor) for row in all_rows()]


def _order(order: str, name: str, actor: str) -> str:
    with transaction() as session:
        row = to_change(session, name)
        before = wish(row)
        row.state = "stopped" if order == STOP else "running"
        row.renewals += order == RESTART
        row.updated_at = now()
        audit.record(actor, f"workers.{order}", subject(name), before=before, after=wish(row))
    return name


def _started(names: list[str]) -> Started:
    return Started(names, _sync())


def _sync() -> SyncResult | None:
    try:
        done = [handler(now()) for handler in _when_started]
    except OUTAGES as error:  # the workers are wanted all the same, and the clock syncs again by itself
        log.warning("schedules not synced at the start of workers", reason=type(error).__name__)
        return None
    return done[0] if done else None
