"""What we know of the pinned RQ, rq-scheduler and rq-dashboard, and build on or against.

Each test fails when a new release changes the fact, so that the code around it is looked at again.
"""

from __future__ import annotations

from importlib.metadata import requires, version

import pytest
from redis import Redis
from rq import Queue, SimpleWorker
from rq.defaults import DEFAULT_FAILURE_TTL, DEFAULT_MAINTENANCE_TASK_INTERVAL
from rq.job import Job
from rq.registry import FailedJobRegistry, StartedJobRegistry
from rq.serializers import JSONSerializer
from rq.timeouts import JobTimeoutException
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
