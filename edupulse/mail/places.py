"""How many connections an account may have at once, over all workers: each takes a place before it is opened.

A place is leased in Redis and renewed while its process lives; one that died has left its places within LEASE_SECONDS.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from hashlib import sha256
from itertools import count
from secrets import token_hex
from typing import Protocol

from flask import has_app_context
from redis import Redis
from redis.exceptions import RedisError

from edupulse.config import current_settings
from edupulse.control.connection import CURE, redis_connection
from edupulse.errors import Unavailable
from edupulse.logs import get_logger
from edupulse.mail.account import SmtpAccount
from edupulse.mail.limits import UNBOUNDED_CONNECTIONS, limits_of
from edupulse.mail.scripts import run_script

LEASE_SECONDS = 30.0

log = get_logger(__name__)


class Places(Protocol):
    """The places of one account. `take` gives False while all are taken: ask again soon, or `leave` the line."""

    def take(self, token: str) -> bool: ...

    def leave(self, token: str) -> None: ...

    def release(self, tokens: Sequence[str]) -> None: ...

    def renew(self, tokens: Sequence[str]) -> int:
        """Keep the places; return how many of them others wait for, or the server does not bear."""
        ...

    def learn_fewer(self) -> None:
        """Note that the server refused one of the connections that there are now."""
        ...


def places_of(account: SmtpAccount) -> Places:
    """Return the places of `account`: shared by all workers within an application, else by this process alone."""
    if not has_app_context():
        limit = account.provider.connections or UNBOUNDED_CONNECTIONS
        return _local.setdefault(f"{_process()}{_key(account)}", LocalPlaces(limit))
    limit = limits_of(account.provider, current_settings()).connections
    return RedisPlaces(redis_connection(), _key(account), limit)


def new_token() -> str:
    """Return a name for a place of this process."""
    return f"{_process()}{next(_numbers)}"


class RedisPlaces:
    """Places that all workers share. Only `take` raises Unavailable; the rest mends itself when Redis is back."""

    def __init__(self, redis: Redis, key: str, limit: int) -> None:
        self._redis = redis
        self._limit = limit
        self.key = key

    def take(self, token: str) -> bool:
        """Take a place, or stand in line for one. Raises Unavailable without Redis."""
        try:
            return self._call("take", token=token) == 1
        except RedisError as error:
            raise Unavailable(f"Redis cannot be reached ({type(error).__name__}).", cure=CURE) from error

    def leave(self, token: str) -> None:
        """Stand in line no more."""
        self._try("leave", token=token)

    def release(self, tokens: Sequence[str]) -> None:
        """Give places back."""
        self._try("release", tokens=tokens)

    def renew(self, tokens: Sequence[str]) -> int:
        """Keep places; return how many of them others wait for, or the server does not bear."""
        return self._try("renew", tokens=tokens)

    def learn_fewer(self) -> None:
        """Note that the server refused one of the connections that there are now; one more is tried after a while."""
        fewer = self._try("learn")
        log.warning("server takes fewer connections at once", connections=fewer)

    def _try(self, op: str, **about: object) -> int:
        try:
            return self._call(op, **about)
        except RedisError as error:
            log.debug("places not told", op=op, reason=type(error).__name__)
            return 0

    def _call(self, op: str, **about: object) -> int:
        order = {"op": op, "process": _process(), "lease": LEASE_SECONDS, "limit": self._limit, **about}
        return int(run_script(self._redis, "places", self.key, order))


class LocalPlaces:
    """Places that this process alone counts: where there is no application, there are no other workers."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: set[str] = set()
        self._lock = threading.Lock()

    def take(self, token: str) -> bool:
        """Take a place if one is free."""
        with self._lock:
            if len(self._held) < self._limit:
                self._held.add(token)
            return token in self._held

    def leave(self, token: str) -> None:
        """Nobody stands in line here."""

    def release(self, tokens: Sequence[str]) -> None:
        """Give places back."""
        with self._lock:
            self._held.difference_update(tokens)

    def renew(self, tokens: Sequence[str]) -> int:
        """Nothing lapses here, and nobody else waits."""
        return 0

    def learn_fewer(self) -> None:
        """Be content with one less."""
        self._limit = max(1, self._limit - 1)


_local: dict[str, Places] = {}
_processes: dict[int, str] = {}
_numbers = count()


def _process() -> str:
    """Return how the tokens of this process begin; a forked child's begin otherwise."""
    pid = os.getpid()
    if pid not in _processes:
        _processes[pid] = f"{token_hex(6)}:"
    return _processes[pid]


def _key(account: SmtpAccount) -> str:
    digest = sha256(f"{account.server}\0{account.username}".encode()).hexdigest()[:16]
    return f"edupulse:connections:{digest}"
