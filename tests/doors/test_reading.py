"""Looking changes nothing: every GET of every door, on a school that has one of everything."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from redis import Redis
from sqlalchemy import select

from edupulse.config import current_settings
from edupulse.database import db
from tests.doors import scene
from tests.doors.routes import Call, calls
from tests.web.conftest import Browser

# What the act of calling notes, and not what is looked at: the use of a token (once an hour) and the count of calls.
WITH_QUERY = (
    "/?part=live", "/deliveries?part=live", "/jobs?part=live", "/events?when=past",
    "/deliveries?state=unknown&kind=reminder", "/monitor?period=30d", "/jobs?failed=1&since=2026-03-01",
)  # fmt: skip
COUNTERS = b"edupulse:calls:"


def test_no_get_changes_anything(
    sqlite_app: Flask, redis: Redis, change_settings: Callable[..., None]
) -> None:
    change_settings(api_rate_limit=100_000)
    token = scene.set_up()
    browser = Browser(sqlite_app)
    browser.sign_in(scene.ADMIN)
    leave_a_dangling_id(redis)
    looks = [call for call in calls(sqlite_app) if call.method == "GET" and "requeue" not in call.place]
    looks += [Call("web", "", "GET", path) for path in WITH_QUERY]
    headers = {"Authorization": f"Bearer {token}"}
    look(sqlite_app, browser, Call("api", "", "GET", "/api/v1/jobs/"), headers)  # notes the token's use
    before = state(redis)

    seen = {str(call): look(sqlite_app, browser, call, headers) for call in looks}

    assert changed(before, state(redis)) == []
    assert {call: status for call, status in seen.items() if status >= 500} == {}
    shown = [status for status in seen.values() if status == 200]
    assert len(shown) > 0.8 * len(seen), {call: status for call, status in seen.items() if status != 200}


def leave_a_dangling_id(redis: Redis) -> None:
    """RQ itself would drop these while it reads: an id without a job, a worker without a heartbeat."""
    redis.lpush("rq:queue:email", "gone")
    redis.sadd("rq:queues", "rq:queue:email")
    redis.sadd("rq:workers", "rq:worker:gone")


def look(app: Flask, browser: Browser, call: Call, headers: dict[str, str]) -> int:
    if call.door == "web":
        return browser.get(call.path).status_code
    with app.app_context():
        return app.test_client().get(call.path, headers=headers, buffered=True).status_code


def state(redis: Redis) -> dict[str, str]:
    """Return a sum of each table, of each key in Redis and of each file."""
    db.session.rollback()
    tables = {
        table.name: digest(repr(sorted(map(repr, db.session.execute(select(table))))))
        for table in db.metadata.sorted_tables
    }
    kept = (key for key in redis.scan_iter() if not key.startswith(COUNTERS))
    keys = {f"redis {key!r}": digest(repr(redis.dump(key))) for key in kept}
    folder = Path(current_settings().data_dir)
    files = {str(path): digest(repr(path.stat().st_mtime_ns)) for path in folder.rglob("*") if path.is_file()}
    return {**tables, **keys, **{name: one for name, one in files.items() if "edupulse.db" not in name}}


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
