"""What a worker is told by Redis without asking: that something waits, or that it shall stop a job or itself."""

from __future__ import annotations

import json
import select
import time
from collections.abc import Callable
from typing import Any, Protocol

from redis import Redis
from redis.client import PubSub
from redis.exceptions import RedisError

from edupulse.control.messages import BELL
from edupulse.logs import get_logger

TRY_AGAIN_SECONDS = 2.0  # after a lost connection; meanwhile whoever listens looks by himself

log = get_logger(__name__)


class HasFileno(Protocol):
    def fileno(self) -> int: ...


class Ear:
    """One connection, subscribed to the bell and to RQ's channel of this worker; gets over every loss."""

    def __init__(
        self, redis: Redis, channel: str, on_stop_job: Callable[[str], None], on_shutdown: Callable[[], None]
    ) -> None:
        self._redis, self._channel = redis, channel
        self._on_stop_job, self._on_shutdown = on_stop_job, on_shutdown
        self._pubsub: PubSub | None = None
        self._next_try = 0.0

    def wait(self, seconds: float, wakeup: HasFileno) -> None:
        """Return when something was said, when `wakeup` is readable, or after `seconds`."""
        sources: list[Any] = [wakeup]
        if self._is_open():
            if self.listen():  # what is in the parser already does not show in `select`
                return
            sources += [socket for socket in [self._socket()] if socket is not None]
        select.select(sources, [], [], seconds)
        self.listen()

    def listen(self) -> bool:
        """Take in what has been said, without waiting; say whether anything was."""
        heard = False
        try:
            while self._pubsub is not None and (message := self._pubsub.get_message(timeout=0)) is not None:
                heard = True
                self._hear(message)
        except (RedisError, OSError, ValueError) as error:
            self._lose(error)
        return heard

    def close(self) -> None:
        """Hang up."""
        if self._pubsub is not None:
            self._pubsub.close()
        self._pubsub = None

    def _is_open(self) -> bool:
        """Subscribe if need be; False while Redis is away."""
        if self._pubsub is None and time.monotonic() >= self._next_try:
            try:
                self._pubsub = self._redis.pubsub()  # type: ignore[no-untyped-call]
                self._pubsub.subscribe(self._channel, BELL)
            except (RedisError, OSError) as error:
                self._lose(error)
        return self._pubsub is not None

    def _socket(self) -> Any:
        connection = self._pubsub.connection if self._pubsub else None
        return getattr(connection, "_sock", None)

    def _lose(self, error: Exception) -> None:
        log.info("worker is not told of new work for now", reason=type(error).__name__)
        self._next_try = time.monotonic() + TRY_AGAIN_SECONDS
        self.close()

    def _hear(self, message: dict[str, Any]) -> None:
        if message["type"] != "message" or message["channel"] != self._channel.encode():
            return
        try:
            command = json.loads(message["data"])
            if not isinstance(command, dict):
                raise TypeError("not an object")
        except (ValueError, TypeError, RecursionError):
            log.warning("command that cannot be read", command=ascii(message["data"])[:200])
            return
        self._obey(command)

    def _obey(self, command: dict[str, Any]) -> None:
        """Do what RQ's tools send; both stop commands mean the run, of which a worker never has two."""
        name, run_id = command.get("command"), command.get("job_id")
        if name in ("stop-job", "stop-execution") and isinstance(run_id, str):
            self._on_stop_job(run_id)
        elif name == "shutdown":
            self._on_shutdown()
        else:
            log.warning("command ignored", command=ascii(command)[:200])
