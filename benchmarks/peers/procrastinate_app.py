"""Procrastinate: each job is a row of PostgreSQL, as in our ledger, and its queue at the same time."""

from __future__ import annotations

import asyncio
import os

from procrastinate import App, PsycopgConnector

from benchmarks.drive import NAP_SECONDS
from benchmarks.marks import mark

URL = os.environ["BENCH_POSTGRES_URL"]

app = App(connector=PsycopgConnector(conninfo=URL))


@app.task
async def noop() -> None:
    mark()


@app.task
async def nap() -> None:
    mark()
    await asyncio.sleep(NAP_SECONDS)


@app.task
async def stamp(number: int) -> None:
    mark(number)


def prepare() -> None:
    """Make its tables."""
    with app.open():
        app.schema_manager.apply_schema()


def fill(job: str, count: int) -> None:
    """Defer all in one statement, its documented bulk call."""
    task = {"noop": noop, "nap": nap}[job]
    with app.open():
        task.batch_defer(*({} for _ in range(count)))


def send(number: int) -> None:
    if number < 0:
        app.open()  # and kept open: the process ends after the last one
    stamp.defer(number=number)
