"""Dramatiq on Redis, with its usual middleware and without results, which it leaves off unless asked."""

from __future__ import annotations

import os
import time

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from benchmarks.drive import NAP_SECONDS
from benchmarks.marks import mark

dramatiq.set_broker(RedisBroker(url=f"unix://{os.environ['BENCH_REDIS_SOCKET']}"))


@dramatiq.actor
def noop() -> None:
    mark()


@dramatiq.actor
def nap() -> None:
    mark()
    time.sleep(NAP_SECONDS)


@dramatiq.actor
def stamp(number: int) -> None:
    mark(number)


def prepare() -> None:
    """Dramatiq needs nothing."""


def fill(job: str, count: int) -> None:
    """Send one by one; its group does the same."""
    actor = {"noop": noop, "nap": nap}[job]
    for _ in range(count):
        actor.send()


def send(number: int) -> None:
    stamp.send(number)
