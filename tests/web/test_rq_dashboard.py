"""rq-dashboard under our roof: looking only, one Redis, no pickle, no page that stumbles."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from rq import Queue
from rq.job import Job
from rq.registry import FailedJobRegistry
from rq.serializers import JSONSerializer

from edupulse.control.enqueue import enqueue
from edupulse.errors import Denied
from edupulse.web.looking_redis import LookingRedis
from tests.web.conftest import Browser, words_of

pytestmark = pytest.mark.real_redis


@pytest.fixture
def connection(admin: Browser, real_redis: Redis) -> Redis:
    return real_redis


@pytest.fixture
def failed_job(connection: Redis) -> Job:
    queue = Queue("email", connection=connection, serializer=JSONSerializer)
    job = queue.enqueue(
        "jobs.diagnostics.ping", job_id="failed-1", description="<img src=x onerror=alert(1)>"
    )
    queue.remove(job)
    FailedJobRegistry("email", connection=connection, serializer=JSONSerializer).add(
        job, -1, exc_string="<b>boom</b>"
    )
    return job


@pytest.mark.parametrize(
    "address",
    [
        "/rq/",
        "/rq/0/view/workers",
        "/rq/0/view/jobs/email/queued/8/asc/1",
        "/rq/0/view/jobs/email/failed/8/dsc/1",
        "/rq/0/data/queues.json",
        "/rq/0/data/workers.json",
        "/rq/0/data/jobs/email/queued/8/asc/1.json",
        "/rq/0/data/jobs/email/failed/8/asc/1.json",
        "/rq/0/view/job/failed-1",
        "/rq/0/data/job/failed-1.json",
        "/rq/favicon.ico",
    ],
)
@pytest.mark.usefixtures("failed_job")
def test_its_pages_work(admin: Browser, address: str) -> None:
    assert admin.get(address).status_code == 200


@pytest.mark.parametrize("queue", ["email", "default"])
@pytest.mark.usefixtures("failed_job")
def test_a_link_that_would_queue_failed_jobs_again_does_nothing(
    admin: Browser, connection: Redis, queue: str
) -> None:
    answer = admin.get(f"/rq/requeue/{queue}")

    assert answer.status_code == 403
    assert connection.llen("rq:queue:email") == 0


@pytest.mark.parametrize(
    "address",
    [
        "/rq/requeue/email",
        "/rq/job/failed-1/requeue",
        "/rq/job/failed-1/delete",
        "/rq/queue/email/failed/empty",
        "/rq/queue/email/started/empty",
        "/rq/queue/email/compact",
    ],
)
@pytest.mark.usefixtures("failed_job")
def test_no_act_passes_even_with_a_token(admin: Browser, connection: Redis, address: str) -> None:
    before = {key: connection.dump(key) for key in connection.keys("*")}

    answer = admin.post(address)

    assert answer.status_code == 403
    assert "looking only" in words_of(answer)
    assert {key: connection.dump(key) for key in connection.keys("*")} == before


def test_a_job_that_redis_does_not_know_is_a_page_not_found(admin: Browser, connection: Redis) -> None:
    answer = admin.get("/rq/0/view/job/nobody")

    assert answer.status_code == 404
    assert "Jobs page keeps them all" in words_of(answer)
    assert admin.get("/rq/0/data/job/nobody.json").status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "/rq/1/",
        "/rq/1/view/workers",
        "/rq/0/view/jobs/email/nonsense/8/asc/1",
        "/rq/0/data/jobs/email/queued/8/asc/x.json",
        "/rq/0/data/jobs/email/queued/x/asc/1.json",
        "/rq/0/data/jobs/email/queued/100000/asc/1.json",
        "/rq/0/data/jobs/email/queued/8/sideways/1.json",
        "/rq/0/data/jobs/email/queued/8/asc/0.json",
        "/rq/0/data/jobs/email/queued/8/asc/-1.json",
    ],
)
@pytest.mark.usefixtures("connection")
def test_an_address_that_would_make_it_stumble_is_a_page_not_found(admin: Browser, address: str) -> None:
    assert admin.get(address).status_code == 404


EVERY_VIEW = (
    "view/job/evil-1",
    "data/job/evil-1.json",
    "data/workers.json",
    "data/jobs/email/queued/8/asc/1.json",
    "view/workers",
    "data/queues.json",
)


class Trap:
    """Unpickled, it leaves a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (Path(self.path),)  # type: ignore[return-value]


def test_nothing_that_somebody_put_into_redis_is_unpickled(
    admin: Browser, connection: Redis, tmp_path: Path
) -> None:
    sprung = tmp_path / "sprung"
    trap = pickle.dumps(Trap(sprung))
    job = {
        "created_at": "2026-03-12T09:00:00.000000Z",
        "data": trap,
        "meta": trap,
        "origin": "email",
        "description": "x",
        "result": trap,
        "status": "queued",
    }
    connection.hset("rq:job:evil-1", mapping=job)
    connection.sadd("rq:queues", "rq:queue:email")
    connection.rpush("rq:queue:email", "evil-1")
    connection.sadd("rq:workers", "rq:worker:w")
    connection.hset(
        "rq:worker:w",
        mapping={
            "birth": "2026-03-12T09:00:00.000000Z",
            "queues": "email",
            "current_job": "evil-1",
            "state": "busy",
        },
    )
    for address in EVERY_VIEW:
        answer = admin.get(f"/rq/0/{address}")
        assert answer.status_code in (200, 404, 422)

    assert not sprung.exists()


def test_the_trap_of_the_test_above_does_spring(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Trap(tmp_path / "sprung")))  # noqa: S301 - our own trap

    assert (tmp_path / "sprung").exists()


def test_our_own_job_is_shown_with_its_name(admin: Browser, connection: Redis) -> None:
    run = enqueue("diagnostics.ping")

    shown = json.loads(admin.get(f"/rq/0/data/job/{run.id}.json").text)

    assert (shown["id"], shown["description"], shown["status"]) == (run.id, "diagnostics.ping", "queued")


def test_the_page_shows_no_address_of_redis(admin: Browser, connection: Redis) -> None:
    assert "unix://" not in admin.get("/rq/").text


def test_its_policy_runs_only_the_marked_script(admin: Browser, connection: Redis) -> None:
    first, second = (admin.get("/rq/").headers["Content-Security-Policy"] for _ in range(2))

    assert "'nonce-" in first
    assert first != second
    assert "script-src 'self' 'unsafe-inline'" not in first
    assert "'unsafe-eval'" not in admin.get("/").headers["Content-Security-Policy"]


def test_without_redis_it_says_so(admin: Browser, site: object, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> object:
        raise RedisConnectionError("nobody there")

    monkeypatch.setattr(LookingRedis, "execute_command", away)

    answer = admin.get("/rq/0/view/workers")

    assert answer.status_code == 503
    assert "Redis cannot be reached" in words_of(answer)


@pytest.mark.parametrize("command", ["SET", "DEL", "LPUSH", "HSET", "EVAL", "FLUSHALL", "EXPIRE", "CONFIG"])
def test_the_connection_refuses_what_could_change_something(real_redis: Redis, command: str) -> None:
    looking = LookingRedis(connection_pool=real_redis.connection_pool)

    with pytest.raises(Denied, match=command):
        looking.execute_command(command, "key", "value")
    with pytest.raises(Denied, match=command), looking.pipeline() as pipeline:
        pipeline.execute_command(command, "key", "value")
