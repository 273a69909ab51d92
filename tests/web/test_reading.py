"""No GET changes anything: every table and all of Redis are the same after every page was opened."""

from __future__ import annotations

from hashlib import sha256

from flask import Flask
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import select

from edupulse.control.enqueue import enqueue
from edupulse.database import db
from tests.rows import a_delivery, a_process, a_run, a_schedule, an_event
from tests.web.conftest import Browser
from tests.web.test_access import calls

WITH_QUERY = (
    "/?part=live",
    "/deliveries?part=live",
    "/jobs?part=live",
    "/events?when=past",
    "/deliveries?state=unknown&kind=reminder",
)


def test_opening_every_page_changes_no_row_and_no_key(site: Flask, admin: Browser, redis: Redis) -> None:
    event = an_event(rrule="FREQ=WEEKLY")
    delivery = a_delivery("unknown", subject_id=str(event.id))
    run = a_run("ping-1", "failed")
    a_process(), a_process("scheduler"), a_schedule()
    waiting = enqueue("diagnostics.ping")
    _leave_a_dangling_id(redis)
    tables, keys = _tables(), _keys(redis)

    opened = [
        admin.get(address).status_code
        for address in [*WITH_QUERY, *_addresses(site, event, delivery, run.id, waiting.id)]
    ]

    assert opened.count(200) > 25
    assert max(opened) < 500
    assert _tables() == tables
    assert _keys(redis) == keys


def _leave_a_dangling_id(redis: Redis) -> None:
    """RQ itself would drop these while it reads: an id without a job, a worker without a heartbeat."""
    redis.lpush("rq:queue:email", "gone")
    redis.sadd("rq:queues", "rq:queue:email")
    redis.sadd("rq:workers", "rq:worker:gone")
    Queue("default", connection=redis, serializer=JSONSerializer)


def _addresses(site: Flask, event: object, delivery: object, *run_ids: str) -> list[str]:
    ids = {"/events/0": f"/events/{event.id}", "/deliveries/0": f"/deliveries/{delivery.id}"}  # type: ignore[attr-defined]
    found = []
    for _, method, address in calls(site):
        if method == "GET":
            for zero, real in ids.items():
                address = address.replace(zero, real)
            original = event.starts_local.isoformat()  # type: ignore[attr-defined]
            found.append(
                address.replace("2026-03-12T10:00:00", original).replace("2026-03-12T10%3A00%3A00", original)
            )
    jobs = [f"/jobs/{run_id}" for run_id in run_ids] + [
        f"/rq/0/view/job/{run_ids[-1]}",
        f"/rq/0/data/job/{run_ids[-1]}.json",
    ]
    lists = [f"/rq/0/data/jobs/{queue}/queued/8/asc/1.json" for queue in ("email", "default")]
    views = [f"/deliveries/{delivery.id}?view={view}" for view in ("text", "source")]  # type: ignore[attr-defined]
    return [*found, *jobs, *lists, *views, f"/events/{event.id}/why?address=zoe@school.example"]  # type: ignore[attr-defined]


def _tables() -> dict[str, str]:
    """Return a fingerprint of every table."""
    prints = {}
    for table in db.metadata.sorted_tables:
        rows = db.session.execute(select(table).order_by(*table.primary_key.columns)).all()
        prints[table.name] = f"{len(rows)} {sha256(repr(rows).encode()).hexdigest()}"
    db.session.rollback()
    return prints


def _keys(redis: Redis) -> dict[bytes, bytes | None]:
    return {key: redis.dump(key) for key in sorted(redis.keys())}
