"""The process that works: an RQ worker, bound to the ledger and to the catalog's names."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from flask import Flask
from redis import Redis
from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer

from edupulse.config import current_settings
from edupulse.control.catalog import QUEUES, lanes
from edupulse.control.connection import connect
from edupulse.control.engine.board import Board
from edupulse.control.engine.keeper import keep
from edupulse.control.engine.loop import Loop
from edupulse.control.engine.roster import FixedRoster, PoolRoster
from edupulse.control.execution import perform
from edupulse.control.run import TRACEBACK_CHARACTERS
from edupulse.control.workers import present
from edupulse.errors import Invalid
from edupulse.logs import get_logger, masked

WORKER_TTL = 60  # seconds; RQ forgets a worker that says nothing for this and a minute more
REPLY_SECONDS = 10.0  # above any honest answer of a loaded Redis

log = get_logger(__name__)


class LedgerWorker(SimpleWorker):
    """What RQ and its tools see of us: the keys of a worker, and RQ's own way to end a job that is not ordinary."""

    log_result_lifespan = False

    def __init__(self, name: str, queues: Sequence[str], redis: Redis) -> None:
        super().__init__(
            [lane for queue in queues for lane in lanes(queue)],
            name=name,
            connection=redis,
            serializer=JSONSerializer,
            worker_ttl=WORKER_TTL,
            log_job_description=False,
        )

    def _set_ip_address(self, connection: Redis) -> None:
        """Show the address in RQ's tools, if Redis is there to ask: a worker also starts while it is away."""
        self.ip_address = "unknown"
        with suppress(RedisError):
            super()._set_ip_address(connection)

    def handle_job_failure(
        self,
        job: Job,
        queue: Any,
        started_job_registry: Any = None,
        exc_string: str = "",
        execution: Execution | None = None,
    ) -> None:
        """Leave the traceback in Redis short and free of secrets; the ledger has the whole story."""
        shown = masked(exc_string, current_settings().secrets())[-TRACEBACK_CHARACTERS:]
        super().handle_job_failure(job, queue, started_job_registry, shown, execution)


def run_pools(app: Flask, pool: str | None = None) -> int:
    """Keep the workers that the pools in the ledger want, of one pool or of all, until told to stop."""
    return keep(app, PoolRoster(pool), make_worker=_make)


def run(app: Flask, queues: Sequence[str] = QUEUES, *, burst: bool = False, processes: int = 1) -> int:
    """Work on `queues`, the first before the next, until told to stop; return the exit code.

    `burst` works in this process until nothing waits any more; else a keeper forks `processes` workers, and
    starts again what ends.
    """
    _check(queues)
    if burst:
        return work_here(app, queues)
    return keep(app, FixedRoster(queues, processes), make_worker=_make)


def work_here(app: Flask, queues: Sequence[str] = QUEUES) -> int:
    """Work in this process, in its main thread and without a keeper, until nothing waits any more."""
    threads = current_settings().worker_threads
    board = Board(threads)
    with app.app_context(), present("worker", queues, threads=threads, done=lambda: board.counts) as name:
        Loop(app, _make(name, queues), lambda work: perform(app, work), board, burst=True).run()
    return 0


def _make(name: str, queues: Sequence[str]) -> LedgerWorker:
    redis = connect(current_settings().redis_url, reply_seconds=REPLY_SECONDS)
    return LedgerWorker(name, queues, redis)


def _check(queues: Sequence[str]) -> None:
    unknown = [queue for queue in queues if queue not in QUEUES]
    if unknown or not queues:
        raise Invalid(
            f"There is no queue {', '.join(unknown) or '(none given)'}.", cure=f"Known: {', '.join(QUEUES)}."
        )
