"""What we know of the pinned RQ, rq-scheduler and rq-dashboard, and build on or against.

Each test fails when a new release changes the fact, so that the code around it is looked at again.
"""

from __future__ import annotations

from importlib.metadata import requires, version
from inspect import signature

import pytest
from redis import Redis
from rq import Queue, SimpleWorker
from rq.defaults import DEFAULT_FAILURE_TTL, DEFAULT_MAINTENANCE_TASK_INTERVAL
from rq.executions import Execution, ExecutionRegistry
from rq.job import Job
from rq.registry import FailedJobRegistry, FinishedJobRegistry, StartedJobRegistry
from rq.results import Result
from rq.serializers import JSONSerializer
from rq.timeouts import JobTimeoutException
from rq.worker.base import BaseWorker
from rq_scheduler import Scheduler

pytestmark = pytest.mark.real_redis


def queue(redis: Redis) -> Queue:
    return Queue("default", connection=redis, serializer=JSONSerializer)


def swallow() -> str:
    import time

    try:
        time.sleep(3)
    except Exception:  # noqa: BLE001 - the point
        return "swallowed"
    return "slept"


def test_the_versions_are_those_we_measured() -> None:
    assert [version(name) for name in ("rq", "rq-scheduler", "rq-dashboard")] == ["3.0.0", "0.14.0", "0.9.0"]


def test_a_job_id_may_not_contain_a_colon(real_redis: Redis) -> None:
    with pytest.raises(ValueError, match="must only contain"):
        queue(real_redis).enqueue("os.getpid", job_id="a:b")


def test_the_stock_time_limit_can_be_swallowed_by_a_broad_except(real_redis: Redis) -> None:
    job = queue(real_redis).enqueue(swallow, job_timeout=1)

    SimpleWorker([queue(real_redis)], connection=real_redis, serializer=JSONSerializer).work(
        burst=True, logging_level="CRITICAL"
    )

    assert issubclass(JobTimeoutException, Exception)
    assert job.return_value() == "swallowed"


def test_the_stock_defaults_keep_failures_for_a_year_and_sweep_each_ten_minutes() -> None:
    assert DEFAULT_FAILURE_TTL == 31_536_000
    assert DEFAULT_MAINTENANCE_TASK_INTERVAL == 600


def test_the_keys_that_we_read_ourselves_have_these_names(real_redis: Redis) -> None:
    name = queue(real_redis)

    assert name.key == "rq:queue:default"
    assert name.intermediate_queue_key == "rq:queue:default:intermediate"
    assert StartedJobRegistry(queue=name).key == "rq:wip:default"
    assert FailedJobRegistry(queue=name).key == "rq:failed:default"
    assert Job("x", connection=real_redis).key == "rq:job:x"


def test_the_keys_that_our_scripts_write_have_these_names(real_redis: Redis) -> None:
    job = Job("x", connection=real_redis)
    worker = SimpleWorker([queue(real_redis)], name="w1", connection=real_redis)
    execution = Execution("e", "x", real_redis, "w1")

    assert (job.dependents_key, job.dependencies_key) == ("rq:job:x:dependents", "rq:job::x:dependencies")
    assert (execution.key, ExecutionRegistry("x", real_redis).key) == ("rq:execution:x:e", "rq:executions:x")
    assert (worker.key, worker.executions_key) == ("rq:worker:w1", "rq:worker:w1:executions")
    assert Result.get_key("x") == "rq:results:x"
    assert FinishedJobRegistry(queue=queue(real_redis)).key == "rq:finished:default"
    assert worker.pubsub_channel_name == "rq:pubsub:w1"


def test_the_methods_that_end_a_job_take_these_arguments() -> None:
    assert [*signature(BaseWorker.handle_job_success).parameters] == [
        "self", "job", "queue", "started_job_registry", "execution",
    ]  # fmt: skip
    assert [*signature(BaseWorker.handle_job_failure).parameters] == [
        "self", "job", "queue", "started_job_registry", "exc_string", "execution",
    ]  # fmt: skip
    assert [*signature(BaseWorker.handle_job_retry).parameters] == [
        "self", "job", "queue", "retry", "started_job_registry", "execution",
    ]  # fmt: skip


def test_a_job_can_have_no_more_than_the_extras_that_our_scripts_look_for(real_redis: Redis) -> None:
    """A new thing that RQ does at the end of a job would be a new parameter here."""
    assert set(signature(Queue.create_job).parameters) == {
        "self", "func", "args", "kwargs", "timeout", "result_ttl", "ttl", "failure_ttl", "description",
        "depends_on", "job_id", "meta", "status", "retry", "repeat", "on_success", "on_failure", "on_stopped",
        "webhooks", "group_id", "rate_limit",
    }  # fmt: skip


def test_the_socket_of_a_subscription_can_be_watched(real_redis: Redis) -> None:
    pubsub = real_redis.pubsub()
    pubsub.subscribe("a")

    assert pubsub.connection._sock.fileno() > 0
    pubsub.close()


def test_the_stock_scheduler_deletes_a_lock_that_is_not_its_own(real_redis: Redis) -> None:
    slow = Scheduler(connection=real_redis)
    slow.acquire_lock()
    real_redis.set(Scheduler.scheduler_lock_key, "the successor's")  # the slow one's lock had expired

    slow.remove_lock()

    assert real_redis.get(Scheduler.scheduler_lock_key) is None


def test_the_stock_scheduler_drops_an_entry_whose_job_is_gone(real_redis: Redis) -> None:
    real_redis.zadd(Scheduler.scheduled_jobs_key, {"schedule-without-hash": 0})

    list(Scheduler(connection=real_redis).get_jobs())

    assert real_redis.zcard(Scheduler.scheduled_jobs_key) == 0


def test_the_dashboard_imports_six_without_declaring_it() -> None:
    declared = " ".join(requires("rq-dashboard") or [])

    assert "six" not in declared
