"""Something strikes before or after the k-th command that a block sends to Redis or to the database."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from redis import Redis
from redis.client import Pipeline
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy import event
from sqlalchemy.engine import Engine

WAYS = ("outage", "bug", "kill", "stop")


@dataclass
class Fault:
    """Strikes once, at `step` (counted from 1; 0: never, only counts), before or `after` the command."""

    step: int = 0
    after: bool = False
    way: str = "outage"
    count: int = 0
    names: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.way} {'after' if self.after else 'before'} command {self.step}"

    def before_command(self, name: str) -> None:
        self.count += 1
        self.names.append(name)
        if self.count == self.step and not self.after:
            self.strike()

    def after_command(self) -> None:
        if self.count == self.step and self.after:
            self.step = -1  # once
            self.strike()

    def strike(self) -> None:
        if self.way == "outage":
            raise RedisConnectionError("the connection was lost")
        if self.way == "bug":
            raise RuntimeError("something that nobody thought of")
        os.kill(os.getpid(), signal.SIGKILL if self.way == "kill" else signal.SIGSTOP)


@contextmanager
def exposed_to(fault: Fault, engine: Engine) -> Iterator[None]:
    """Let `fault` see every command of the block: of Redis, of the database, and its commits."""

    def before_cursor(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        fault.before_command(f"SQL {' '.join(statement.split()[:3])}")

    def after_cursor(*rest: Any) -> None:
        fault.after_command()

    watched = (("before_cursor_execute", before_cursor), ("after_cursor_execute", after_cursor))
    for name, listener in watched:
        event.listen(engine, name, listener)
    try:
        with (
            mock.patch.object(Redis, "execute_command", _watched(fault, Redis.execute_command, "Redis")),
            mock.patch.object(Pipeline, "execute", _watched(fault, Pipeline.execute, "Redis pipeline")),
            mock.patch.object(
                engine.dialect, "do_commit", _watched(fault, engine.dialect.do_commit, "SQL COMMIT")
            ),
        ):
            yield
    finally:
        for name, listener in watched:
            event.remove(engine, name, listener)


def _watched(fault: Fault, command: Callable[..., Any], kind: str) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        shown = next((one for one in arguments if isinstance(one, str)), "")
        fault.before_command(f"{kind} {shown}".strip())
        answer = command(*arguments, **options)
        fault.after_command()
        return answer

    return call
