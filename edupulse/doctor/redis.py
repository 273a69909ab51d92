"""Is Redis there, new enough, and set up as a queue rather than as a cache?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edupulse.control.connection import redis_connection
from edupulse.control.monitor import redis_service
from edupulse.doctor.finding import Finding, ok, problem, warning

MINIMUM_VERSION = (6, 2)
FULL = 0.8  # of its memory limit, from where on a burst of jobs may be refused
CONFIG = "In redis.conf or with redis-cli CONFIG SET: "


def reachable() -> Iterator[Finding]:
    """Check that Redis answers."""
    service = redis_service()
    yield ok("redis", service.summary) if service.is_up else problem("redis", service.summary, service.cure)


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


def _info() -> dict[str, Any]:
    return redis_connection().info()
