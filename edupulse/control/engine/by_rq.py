"""The end of a job that has callbacks, dependents, retries or the like, written by RQ's own methods."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from redis.exceptions import RedisError
from rq import Queue
from rq.callbacks import execute_failure_callback, execute_stopped_callback, execute_success_callback
from rq.executions import Execution
from rq.job import Job, JobStatus, Retry
from rq.worker.base import BaseWorker

from edupulse.control.engine.holdings import Taken
from edupulse.control.engine.rq_words import explanation
from edupulse.control.run import Outcome
from edupulse.control.signature import is_signed
from edupulse.logs import get_logger

log = get_logger(__name__)


class JobFailed(Exception):
    """What a failure callback is given: the error itself stayed where the job ran."""


def end(
    worker: BaseWorker, taken: Taken, outcome: Outcome, began: datetime, modules: Collection[str]
) -> bool:
    """Write the end of the job as RQ does, with all that follows from it; False when that cannot be done.

    Needs an application context. Callbacks run when the message is still as we signed it and they live in
    `modules`, beside our jobs; what goes wrong in one is logged. Raises RedisError.
    """
    try:
        job: Job = worker.job_class.fetch(taken.run_id, worker.connection, worker.serializer)
        job.origin = taken.lane
        _end(worker, job, taken.execution_id, outcome, began, modules)
    except RedisError:
        raise
    except (
        Exception
    ):  # whatever RQ makes of a hash that was deleted or spoilt meanwhile; the ledger has the outcome
        log.exception("end not written by RQ", run=taken.run_id)
        return False
    return True


def _end(
    worker: BaseWorker,
    job: Job,
    execution_id: str,
    outcome: Outcome,
    began: datetime,
    modules: Collection[str],
) -> None:
    execution = Execution(execution_id, job.id, worker.connection, worker.name)
    execution.created_at = began
    _keep_only_our_callbacks(job, modules)
    job.started_at, job.ended_at, job.last_heartbeat = began, outcome.ended_at, outcome.ended_at
    if outcome.state == "finished":
        _finish(worker, job, execution, outcome)
    elif outcome.state == "failed":
        _fail(worker, job, execution, outcome)
    else:
        _stop(worker, job, execution, outcome)


def _finish(worker: BaseWorker, job: Job, execution: Execution, outcome: Outcome) -> None:
    queue = _queue(worker, job)
    started = queue.started_job_registry
    job._result, job._status = outcome.result, JobStatus.FINISHED
    if isinstance(outcome.result, Retry):
        worker.handle_job_retry(job, queue, outcome.result, started, execution)
        return
    trouble = _call(job, lambda: execute_success_callback(job, worker.death_penalty_class, outcome.result))
    if trouble:  # RQ counts a job whose success callback failed as failed
        worker.handle_job_failure(job, queue, exc_string=trouble, execution=execution)
        return
    worker.handle_job_success(job, queue, started, execution)
    job.send_webhooks(JobStatus.FINISHED)


def _fail(worker: BaseWorker, job: Job, execution: Execution, outcome: Outcome) -> None:
    why = explanation(outcome)
    error = JobFailed(why.strip().rpartition("\n")[2])
    job._status = JobStatus.FAILED
    _call(job, lambda: execute_failure_callback(job, worker.death_penalty_class, JobFailed, error, None))
    worker.handle_job_failure(job, _queue(worker, job), exc_string=why, execution=execution)


def _stop(worker: BaseWorker, job: Job, execution: Execution, outcome: Outcome) -> None:
    _call(job, lambda: execute_stopped_callback(job, worker.death_penalty_class))
    worker._stopped_job_id = job.id
    worker.handle_job_failure(job, _queue(worker, job), exc_string=explanation(outcome), execution=execution)


def _queue(worker: BaseWorker, job: Job) -> Queue:
    return Queue(job.origin, connection=worker.connection, serializer=worker.serializer)


def _call(job: Job, callback: Callable[[], None]) -> str:
    """Run a callback; return its trouble in words, or nothing."""
    try:
        callback()
    except RedisError:
        raise
    except (Exception, SystemExit) as error:  # a callback is somebody's code, and the worker's thread is ours
        log.exception("callback failed", run=job.id)
        return f"The callback failed: {type(error).__name__}: {error}"
    return ""


def _keep_only_our_callbacks(job: Job, modules: Collection[str]) -> None:
    names = [job._success_callback_name, job._failure_callback_name, job._stopped_callback_name]
    foreign = [name for name in names if name and name.rpartition(".")[0] not in modules]
    if any(names) and (foreign or not is_signed(job)):
        log.error("callbacks not run", run=job.id, callbacks=ascii(foreign or names)[:200])
        job._success_callback_name = job._failure_callback_name = job._stopped_callback_name = None
