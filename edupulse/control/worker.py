"""The process that works: RQ's in-process worker, bound to the ledger and to the catalog's names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Flask
from rq import Queue, SimpleWorker
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.timeouts import UnixSignalDeathPenalty

from edupulse.config import current_settings
from edupulse.control.catalog import QUEUES, Catalog, current_catalog
from edupulse.control.connection import connect
from edupulse.control.execution import handed
from edupulse.control.ledger import TRACEBACK_CHARACTERS
from edupulse.control.workers import note_run, present
from edupulse.errors import Denied, Invalid
from edupulse.logs import get_logger, masked

WORKER_TTL = 60  # seconds; RQ waits 15 s less for a job before it beats again
REPLY_SECONDS = 60.0  # above the longest blocking wait, else an idle worker would quit
PATIENCE_SECONDS = 20.0  # a restart of Redis takes less; after that the process ends and is started anew
MAINTENANCE_SECONDS = 60  # RQ's own sweep of registries; its default of ten minutes shows ghosts for as long

log = get_logger(__name__)


class TimeLimitExceeded(BaseException):
    """The job ran into its hard limit; not an Exception, so that no broad `except` can swallow it."""


class HardTimeLimit(UnixSignalDeathPenalty):
    """RQ's alarm, raising what a job cannot swallow."""

    def handle_death_penalty(self, signum: int, frame: Any) -> None:
        raise TimeLimitExceeded(f"The job ran longer than its limit of {self._timeout} seconds.")


class LedgerJob(Job):
    """A job that runs only if the catalog knows its name, and under the eyes of the ledger."""

    catalog: Catalog

    def perform(self) -> Any:
        if self.func_name not in {spec.path for spec in self.catalog.specs.values()}:
            log.error(
                "refused a job that is not in the catalog", rq_job=self.id, function=str(self.func_name)[:200]
            )
            raise Denied(f"{self.func_name} is not a job of the catalog.")
        with handed(self.id):
            return super().perform()


class LedgerWorker(SimpleWorker):
    """An RQ worker that runs jobs in its own process, so that warm mail connections live on."""

    death_penalty_class = HardTimeLimit
    job_class = LedgerJob
    log_result_lifespan = False
    asked_to_end = False

    def handle_warm_shutdown_request(self) -> None:
        """Remember that a signal asked, also when no job is under way."""
        self.asked_to_end = True
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]

    def handle_job_failure(
        self,
        job: Job,
        queue: Queue,
        started_job_registry: Any = None,
        exc_string: str = "",
        execution: Execution | None = None,
    ) -> None:
        """Leave the traceback in Redis short and free of secrets; the ledger has the whole story."""
        shown = masked(exc_string, current_settings().secrets())[-TRACEBACK_CHARACTERS:]
        super().handle_job_failure(job, queue, started_job_registry, shown, execution)

    def execute_job(self, job: Job, queue: Queue) -> None:
        note_run(self.name, job.id)
        try:
            super().execute_job(job, queue)
        finally:
            note_run(self.name, None, done=1)


def run(app: Flask, queues: Sequence[str] = QUEUES, *, burst: bool = False) -> int:
    """Work on `queues`, the first before the next, until told to stop; return the exit code."""
    _check(queues)
    with app.app_context(), present("worker", queues) as name:
        worker = _worker(name, queues)
        log.info("worker started", worker=name, queues=",".join(queues))
        worker.work(burst=burst, logging_level="WARNING")
        # RQ returns normally also when it gave up on an error: tell the supervisor the difference.
        as_wished = burst or worker.asked_to_end
        log.info("worker ended", worker=name, as_wished=as_wished)
        return 0 if as_wished else 1


def _worker(name: str, queues: Sequence[str]) -> LedgerWorker:
    LedgerJob.catalog = current_catalog()
    redis = connect(
        current_settings().redis_url, patience_seconds=PATIENCE_SECONDS, reply_seconds=REPLY_SECONDS
    )
    return LedgerWorker(
        list(queues),
        name=name,
        connection=redis,
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL,
        maintenance_interval=MAINTENANCE_SECONDS,
        log_job_description=False,
    )


def _check(queues: Sequence[str]) -> None:
    unknown = [queue for queue in queues if queue not in QUEUES]
    if unknown or not queues:
        raise Invalid(
            f"There is no queue {', '.join(unknown) or '(none given)'}.", cure=f"Known: {', '.join(QUEUES)}."
        )
