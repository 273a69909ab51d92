"""The application's Redis for looking alone: whatever could change something is refused before it is sent."""

from __future__ import annotations

from typing import Any

from redis import Redis
from redis.client import Pipeline

from edupulse.errors import Denied

# What rq-dashboard asks while it only looks. Everything else is refused, also on paths we have not met.
LOOKING = frozenset(
    {"EXISTS", "INFO", "PING", "TIME", "TTL"}
    | {"GET", "HGET", "HGETALL", "HMGET"}
    | {"LLEN", "LRANGE", "SCARD", "SISMEMBER", "SMEMBERS"}
    | {"XRANGE", "XREVRANGE", "ZCARD", "ZCOUNT", "ZRANGE", "ZREVRANGE", "ZSCORE"}
)
# RQ drops the names of the dead from its lists while it reads; here it finds that there was nothing to drop.
TIDYING = frozenset({"SREM", "LREM"})


class LookingRedis(Redis):
    """Shares the connections of another client: `LookingRedis(connection_pool=client.connection_pool)`."""

    def execute_command(self, *arguments: Any, **options: Any) -> Any:
        if command_of(arguments) in TIDYING:
            return 0
        refuse_unless_looking(arguments)
        return super().execute_command(*arguments, **options)  # type: ignore[no-untyped-call]

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        return LookingPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)


class LookingPipeline(Pipeline):
    """Several commands at once, each only looking."""

    def execute_command(self, *arguments: Any, **options: Any) -> Any:
        refuse_unless_looking(arguments)
        return super().execute_command(*arguments, **options)  # type: ignore[no-untyped-call]


def command_of(arguments: tuple[Any, ...]) -> str:
    """Return the first word of a command, e.g. "CONFIG" of "CONFIG GET"."""
    return str(arguments[0]).upper()


def refuse_unless_looking(arguments: tuple[Any, ...]) -> None:
    """Raise Denied for a command that could change something."""
    if command_of(arguments) not in LOOKING:
        raise Denied(f"Redis is only looked at here, and {command_of(arguments)} would change it.")
