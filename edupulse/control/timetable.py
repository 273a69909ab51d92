"""What is armed in Redis, and when: rq-scheduler's sorted set, which only mirrors the database."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from redis import Redis

ENTRIES = "rq:scheduler:scheduled_jobs"  # rq-scheduler's own key: entry -> instant in seconds since 1970
QUARANTINE = "edupulse:scheduler:quarantine"  # entry -> why it was taken out, as JSON
FAILURES = "edupulse:scheduler:failures"  # entry -> failures so far, for entries without a row
SCHEDULE, WAKE = "schedule-", "wake-"
AT_ONCE = 500  # entries per round, so that a flood cannot hold the clock
QUARANTINE_MOST = 100  # entries kept for inspection
CLEAN = re.compile(r"[A-Za-z0-9_.-]{1,150}")  # what our own entries and the ids of our runs are made of


def schedule_entry(name: str) -> str:
    """Return the entry of the schedule `name`."""
    return f"{SCHEDULE}{name}"


def wake_entry(job: str, at: datetime) -> str:
    """Return the entry that wakes `job` at `at`, exact to the millisecond."""
    return f"{WAKE}{job.replace('.', '-')}-{round(at.timestamp() * 1000)}"


def job_of_wake(entry: str) -> str:
    """Return the job that a wake entry stands for."""
    return entry.removeprefix(WAKE).rpartition("-")[0].replace("-", ".")


def is_clean(entry: str) -> bool:
    """Say whether `entry` may be shown to the database and in messages as it is."""
    return CLEAN.fullmatch(entry) is not None


def put(redis: Redis, times: Mapping[str, datetime]) -> None:
    """Arm each entry for its instant, moving it where it is armed already."""
    if times:
        redis.zadd(ENTRIES, {entry: at.timestamp() for entry, at in times.items()})


def remove(redis: Redis, entries: Iterable[str]) -> None:
    """Disarm the entries."""
    if members := [_bytes(entry) for entry in entries]:
        redis.zrem(ENTRIES, *members)


def due(redis: Redis, moment: datetime) -> list[str]:
    """Return the entries that are due at `moment`, the oldest first, at most `AT_ONCE`."""
    return [_text(member) for member in redis.zrangebyscore(ENTRIES, "-inf", moment.timestamp(), 0, AT_ONCE)]


def next_after(redis: Redis, moment: datetime) -> float | None:
    """Return when the next entry after `moment` is armed, in seconds since 1970."""
    found = redis.zrangebyscore(ENTRIES, f"({moment.timestamp()!r}", "+inf", 0, 1, withscores=True)
    return float(found[0][1]) if found else None


def armed_schedules(redis: Redis) -> dict[str, float]:
    """Return the entries of schedules with their instants in seconds since 1970."""
    members: Any = redis.zrange(ENTRIES, 0, -1, withscores=True)
    return {_text(member): at for member, at in members if member.startswith(SCHEDULE.encode())}


def strays(redis: Redis) -> list[str]:
    """Return the entries that are neither schedules nor wake-ups, such as jobs of rq-scheduler's own."""
    members = [_text(member) for member in redis.zrange(ENTRIES, 0, -1)]
    return [member for member in members if not member.startswith((SCHEDULE, WAKE))]


def count_failure(redis: Redis, entry: str) -> int:
    """Count one failure of an entry that has no row; return how many there are now."""
    return int(redis.hincrby(FAILURES, _bytes(entry), 1))


def settle(redis: Redis, entry: str, next_at: datetime | None) -> None:
    """Arm an entry that was handled for `next_at`, or disarm it, and forget what was counted against it."""
    with redis.pipeline() as pipeline:
        if next_at is None:
            pipeline.zrem(ENTRIES, _bytes(entry))
        else:
            pipeline.zadd(ENTRIES, {entry: next_at.timestamp()})
        for counted in (FAILURES, QUARANTINE):
            pipeline.hdel(counted, _bytes(entry))
        pipeline.execute()


def quarantine(redis: Redis, entry: str, error: str, moment: datetime) -> None:
    """Take `entry` out of the timetable and keep it where a person can look at it."""
    facts = json.dumps({"error": error, "at": moment.isoformat()})
    with redis.pipeline() as pipeline:
        pipeline.zrem(ENTRIES, _bytes(entry))
        pipeline.hdel(FAILURES, _bytes(entry))
        if redis.hlen(QUARANTINE) < QUARANTINE_MOST:
            pipeline.hset(QUARANTINE, _bytes(entry), facts)
        pipeline.execute()


def quarantined(redis: Redis) -> dict[str, dict[str, str]]:
    """Return what was taken out: entry -> error and when."""
    return {_text(entry): json.loads(facts) for entry, facts in redis.hgetall(QUARANTINE).items()}


# Anybody may have written anything into Redis: an entry that is no text must still be removable.
def _text(member: Any) -> str:
    return str(member, "utf-8", "surrogateescape")


def _bytes(entry: str) -> bytes:
    return entry.encode("utf-8", "surrogateescape")
