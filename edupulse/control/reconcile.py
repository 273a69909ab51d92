"""Ledger against reality: runs whose worker died are settled, runs that Redis lost are handed over again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from edupulse.control.connection import redis_or_unavailable
from edupulse.control.leftovers import clear
from edupulse.control.lost import fail_unknown, hand_over_again
from edupulse.control.reap import reap
from edupulse.errors import Unavailable
from edupulse.logs import get_logger

log = get_logger(__name__)


@dataclass(frozen=True)
class Reconciled:
    """What one round mended; `more`: it stopped at its limit; not `redis`: Redis could not be compared."""

    dead: int = 0
    interrupted: int = 0
    unknown: int = 0
    requeued: int = 0
    removed: int = 0
    more: bool = False
    redis: bool = True


def reconcile(moment: datetime, *, may_judge: bool = False) -> Reconciled:
    """Mend what crashes and a lost Redis left behind, as much as fits into a round; repeating is harmless.

    It never judges a run by how long it takes: a worker that beats is alive, however long its job. Silent workers
    are taken for dead only when the caller `may_judge` (see `Witness`).
    """
    dead, interrupted = reap(moment) if may_judge else (0, 0)
    done = Reconciled(dead=dead, interrupted=interrupted, unknown=fail_unknown(moment))
    try:
        done = _compare_with_redis(done, moment)
    except Unavailable as error:
        done = replace(done, redis=False)
        log.warning("Redis not compared with the ledger", reason=error.message)
    if done != Reconciled():
        log.info("reconciled", **done.__dict__)
    return done


def _compare_with_redis(done: Reconciled, moment: datetime) -> Reconciled:
    with redis_or_unavailable() as redis:
        requeued, more = hand_over_again(redis, moment)
        return replace(done, requeued=requeued, more=more, removed=clear(redis, moment))
