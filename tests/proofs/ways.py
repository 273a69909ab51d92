"""The ways in which Redis, or the database, goes away and comes back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from signal import SIGKILL, SIGTERM

from redis import Redis

from tests.proofs.postgres import OwnPostgres
from tests.proofs.sentinels import Watched
from tests.proofs.stack import Stack, wait_for

WAYS = ("stopped", "restarted", "password", "failover", "database")
RESTART_EVERY = 5.0  # seconds
ANOTHER_PASSWORD = "another-password"

Poke = Callable[[], object]  # called again and again while the outage lasts


def outage(
    way: str, stack: Stack, watched: Watched | None, postgres: OwnPostgres | None
) -> AbstractContextManager[Poke]:
    """Return the outage named `way`, of what this stack uses: it lasts as long as its block."""
    if watched:
        return failed_over(watched)
    if postgres:
        return without_database(postgres)
    return {"stopped": stopped, "restarted": restarted, "password": other_password}[way](stack)


@contextmanager
def stopped(stack: Stack) -> Iterator[Poke]:
    """Redis ends as it is told, and is started again afterwards."""
    stack.stop("redis", SIGTERM)
    yield lambda: None
    stack.start("redis")
    wait_for(stack.redis_answers, "redis-server")


@contextmanager
def restarted(stack: Stack) -> Iterator[Poke]:
    """Redis is killed and started again, every few seconds."""
    next_at = time.monotonic()

    def again() -> None:
        nonlocal next_at
        if time.monotonic() >= next_at:
            next_at = time.monotonic() + RESTART_EVERY
            stack.restart("redis", SIGKILL)

    yield again
    wait_for(stack.redis_answers, "redis-server")


@contextmanager
def other_password(stack: Stack) -> Iterator[Poke]:
    """Redis asks for a password that our processes do not have; who is connected is thrown out."""
    admin = stack.redis()
    admin.config_set("requirepass", ANOTHER_PASSWORD)
    admin.client_kill_filter(_type="normal")
    admin.client_kill_filter(_type="pubsub")
    admin.close()
    yield lambda: None
    admin = Redis(unix_socket_path=str(stack.folder / "redis.sock"), password=ANOTHER_PASSWORD)
    admin.config_set("requirepass", "")
    admin.close()


@contextmanager
def failed_over(watched: Watched) -> Iterator[Poke]:
    """The master dies, and the Sentinels make the replica the master."""
    dead = watched.kill_master()
    yield lambda: None
    watched.wait_for_another_master(dead)
    watched.start_server(dead, replica_of=watched.master_port())


@contextmanager
def without_database(postgres: OwnPostgres) -> Iterator[Poke]:
    """The database is stopped as by a crash, and started again afterwards."""
    postgres.stop(crash=True)
    yield lambda: None
    postgres.start()
