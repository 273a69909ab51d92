"""Stock RQ: its forking Worker, its SimpleWorker. `python -m benchmarks.peers.rq_app Worker|SimpleWorker` works."""

from __future__ import annotations

import os
import sys
import time

from redis import Redis
from rq import Queue, SimpleWorker, Worker

from benchmarks.drive import NAP_SECONDS
from benchmarks.marks import mark

CHUNK = 1000

_redis = Redis.from_url(f"unix://{os.environ['BENCH_REDIS_SOCKET']}")
_queue = Queue("bench", connection=_redis)


def noop() -> None:
    mark()


def nap() -> None:
    mark()
    time.sleep(NAP_SECONDS)


def stamp(number: int) -> None:
    mark(number)


def prepare() -> None:
    """RQ needs nothing."""


def fill(job: str, count: int) -> None:
    """Enqueue with its bulk call."""
    for start in range(0, count, CHUNK):
        jobs = [Queue.prepare_data(f"{_MODULE}.{job}") for _ in range(min(CHUNK, count - start))]
        _queue.enqueue_many(jobs)


def send(number: int) -> None:
    _queue.enqueue(f"{_MODULE}.stamp", number)


_MODULE = "benchmarks.peers.rq_app"

if __name__ == "__main__":
    kind = {"Worker": Worker, "SimpleWorker": SimpleWorker}[sys.argv[1]]
    kind([_queue], connection=_redis).work(logging_level="ERROR")
