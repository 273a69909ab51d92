"""Huey on Redis: it pops and forgets, the least that a queue can do."""

from __future__ import annotations

import os
import time

from huey import RedisHuey

from benchmarks.drive import NAP_SECONDS
from benchmarks.marks import mark

huey = RedisHuey("bench", url=f"unix://{os.environ['BENCH_REDIS_SOCKET']}")


@huey.task()
def noop() -> None:
    mark()


@huey.task()
def nap() -> None:
    mark()
    time.sleep(NAP_SECONDS)


@huey.task()
def stamp(number: int) -> None:
    mark(number)


def prepare() -> None:
    """Huey needs nothing."""


def fill(job: str, count: int) -> None:
    """Send one by one; Huey has no bulk call."""
    task = {"noop": noop, "nap": nap}[job]
    for _ in range(count):
        task()


def send(number: int) -> None:
    stamp(number)
