"""Is Redis there, new enough, and set up as a queue rather than as a cache?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

from edupulse.control.connection import redis_connection
from edupulse.control.monitor import redis_service
from edupulse.doctor.finding import Finding, ok, problem, warning

MINIMUM_VERSION = (6, 2)
FULL = 0.8  # of its memory limit, from where on a burst of jobs may be refused
CONFIG = "In redis.conf or with redis-cli CONFIG SET: "
PROBE = "edupulse:doctor"  # a key that never is


def reachable() -> Iterator[Finding]:
    """Check that Redis answers, and lets us in."""
    try:
        redis_connection().ping()
    except AuthenticationError:
        cure = "Put the right one into REDIS_URL (redis://:PASSWORD@host:6379/0), then restart EduPulse."
        yield problem("redis", "Redis refuses us: it wants a password, or another one than ours.", cure)
    except BusyLoadingError:
        yield problem("redis", "Redis is still reading its file.", "Wait a moment, then look again.")
    except RedisError:
        service = redis_service()
        yield problem("redis", service.summary, service.cure)
    else:
        yield ok("redis", "Redis answers.")


def writable() -> Iterator[Finding]:
    """Check that Redis takes changes, by one that leaves nothing: no bytes into a key that is not there."""
    try:
        redis_connection().setrange(PROBE, 0, "")
    except ReadOnlyError:
        cure = "Point REDIS_URL at its master, or at the Sentinels (redis+sentinel://...)."
        yield problem("redis_write", "Redis takes no changes: it is the copy of another one.", cure)
    except OutOfMemoryError:
        yield problem("redis_write", "Redis takes no changes: it is full.", CONFIG + "a higher maxmemory")
    except NoPermissionError:
        cure = "Give the user of REDIS_URL all rights, in redis-cli: ACL SETUSER NAME ~* &* +@all"
        yield problem("redis_write", "Redis does not let us write: our user may not.", cure)
    except ResponseError as error:
        cure = "Look for a full disk and at Redis' log."
        yield problem("redis_write", f"Redis takes no changes: {str(error).splitlines()[0]}", cure)
    else:
        yield ok("redis_write", "Redis takes changes.")


def version() -> Iterator[Finding]:
    """Check that Redis is new enough."""
    found = str(_info()["redis_version"])
    if tuple(int(part) for part in found.split(".")[:2]) < MINIMUM_VERSION:
        yield problem("redis_version", f"Redis {found} is too old.", "Install Redis 6.2 or later.")
    else:
        yield ok("redis_version", f"Redis {found}.")


def eviction() -> Iterator[Finding]:
    """Check that Redis refuses writes rather than throw jobs away."""
    policy = str(_info().get("maxmemory_policy", "unknown"))
    if policy == "noeviction":
        yield ok("redis_eviction", "Redis throws nothing away.")
    else:
        finding = f"Redis may throw queued jobs away when memory is short (maxmemory-policy {policy})."
        yield problem("redis_eviction", finding, CONFIG + "maxmemory-policy noeviction")


def persistence() -> Iterator[Finding]:
    """Check that Redis writes what it is told to disk."""
    facts = _info()
    if not facts.get("aof_enabled"):
        finding = (
            "Redis forgets its queues when it restarts; rebuilding them from the database takes a minute."
        )
        yield warning("redis_persistence", finding, CONFIG + "appendonly yes")
    elif facts.get("aof_last_write_status", "ok") != "ok":
        yield problem(
            "redis_persistence", "Redis could not write its file.", "Look for a full disk and at Redis' log."
        )
    elif _config("appendfsync") == "no":
        finding = "After a power cut Redis may have forgotten the last half minute (appendfsync no)."
        yield warning("redis_persistence", finding, CONFIG + "appendfsync everysec")
    else:
        yield ok("redis_persistence", "Redis keeps the queues on disk.")


def memory() -> Iterator[Finding]:
    """Check that Redis has room."""
    facts = _info()
    used, limit = int(facts["used_memory"]), int(facts.get("maxmemory", 0))
    if limit and used > FULL * limit:
        finding = f"Redis uses {used / 1e6:.0f} MB of the {limit / 1e6:.0f} MB it may."
        yield problem(
            "redis_memory", finding, CONFIG + "a higher maxmemory; see what waits: python cli.py jobs list"
        )
    else:
        yield ok("redis_memory", f"Redis uses {used / 1e6:.0f} MB.")


def _config(name: str) -> str:
    try:
        return str(redis_connection().config_get(name).get(name, ""))
    except ResponseError:  # some who rent out a Redis let nobody ask
        return ""


def _info() -> dict[str, Any]:
    return redis_connection().info()
