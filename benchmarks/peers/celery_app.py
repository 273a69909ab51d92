"""Celery: Redis as broker and as result backend."""

from __future__ import annotations

import os
import time

from celery import Celery

from benchmarks.drive import NAP_SECONDS
from benchmarks.marks import mark

SOCKET = os.environ["BENCH_REDIS_SOCKET"]

app = Celery("bench", broker=f"redis+socket://{SOCKET}", backend=f"redis+socket://{SOCKET}?virtual_host=1")
app.conf.update(
    worker_prefetch_multiplier=64,  # what its guide on optimizing advises for many short tasks
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)


@app.task
def noop() -> None:
    mark()


@app.task
def nap() -> None:
    mark()
    time.sleep(NAP_SECONDS)


@app.task
def stamp(number: int) -> None:
    mark(number)


def prepare() -> None:
    """Celery needs nothing."""


def fill(job: str, count: int) -> None:
    """Send on one connection, as its guide advises; Celery has no bulk call."""
    task = app.tasks[f"{__name__}.{job}"]
    with app.producer_pool.acquire(block=True) as producer:
        for _ in range(count):
            task.apply_async(producer=producer)


def send(number: int) -> None:
    stamp.delay(number)
