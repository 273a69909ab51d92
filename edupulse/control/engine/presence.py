"""That a worker is there, as RQ's tools want to read it: written at its birth, kept up by beats."""

from __future__ import annotations

from redis import Redis
from rq import worker_registration
from rq.worker.base import BaseWorker, WorkerStatus

from edupulse.clock import now
from edupulse.control.engine.scripts import Script, instant

WORKER_TTL = 120  # seconds after its last beat that RQ's tools still show a worker
EXECUTION_TTL = 90  # seconds after the last beat until RQ takes an execution for abandoned


def register(worker: BaseWorker) -> str:
    """Write the worker down whole, at its birth or when Redis has forgotten it; return the state it is shown in."""
    worker.last_heartbeat = now()
    worker.birth_date = worker.birth_date or worker.last_heartbeat
    state = WorkerStatus.STARTED.value
    with worker.connection.pipeline() as pipeline:
        pipeline.hset(worker.key, mapping={**worker.serialize(), "state": state})
        worker_registration.register(worker, pipeline)
        pipeline.expire(worker.key, WORKER_TTL)
        pipeline.execute()
    return state


def beat(redis: Redis, worker_name: str, working: bool = True) -> bool:
    """Tell Redis that a worker lives, and when it is `working`, all that it works on with it; raise RedisError.

    False: Redis does not know the worker; it writes itself down at its next turn.
    """
    order = {**instant(now()), "worker": worker_name, "worker_ttl": WORKER_TTL, "ttl": EXECUTION_TTL}
    return bool(Script(redis, "beat")(**order, working=working))
