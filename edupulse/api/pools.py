"""`/workers/pools`: which workers are wanted; and `/workers/start`, `/stop`, `/restart` for all of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from edupulse import clock
from edupulse.api.answers import facts_of
from edupulse.api.gate import actor
from edupulse.api.idempotency import unkeyed
from edupulse.api.noun import Noun
from edupulse.api.schedules import SyncedSchedules
from edupulse.api.schema import Body, ListOf, Shown, Text
from edupulse.control import pools
from edupulse.control.pools import PoolFacts, Started

noun = Noun("pools", __name__, url_prefix="/workers")

Queues = Annotated[list[Text], Field(min_length=1)]
Processes = Annotated[int, Field(ge=1, le=64)]


class WorkerPool(Shown):
    """Workers that are wanted: on which queues, how many, whether at all; and what there is of them."""

    name: str
    queues: list[str]
    processes: int
    state: Literal["running", "stopped"]
    alive: int
    workers: list[str]
    follows_setting: bool  # the number of processes is that of the setting
    is_looked_after: bool  # the process that starts and ends workers is alive
    words: str


class NewWorkerPool(Body):
    """So many workers that work on these queues, the first before the next."""

    name: Text
    queues: Queues
    processes: Processes


class WorkerPoolChange(Body):
    """What shall be different; what is not named stays."""

    queues: Queues | None = None
    processes: Processes | None = None


class StartedPools(Shown):
    """The pools that were started; their mailboxes' schedules match again, or null when that must wait."""

    pools: list[str]
    mailboxes: SyncedSchedules | None


class StoppedPools(Shown):
    """The pools that were stopped; what runs gets its grace, then goes back to its queue."""

    pools: list[str]


class RemovedPool(Shown):
    """It is gone."""

    removed: str


@noun.get("/pools/", gives=ListOf[WorkerPool])
def list_pools() -> dict[str, Any]:
    """List the pools, the main one first."""
    return {"items": [_facts(each) for each in pools.pools(clock.now())]}


@noun.post("/pools/", body=NewWorkerPool, gives=WorkerPool, status=201)
def add(body: NewWorkerPool) -> dict[str, Any]:
    """Add a pool; its workers start within seconds."""
    pools.add(body.name, body.queues, body.processes, actor=actor())
    return _facts(pools.pool(body.name, clock.now()))


@noun.get("/pools/<name>/", gives=WorkerPool)
def show(name: str) -> dict[str, Any]:
    """Return one pool."""
    return _facts(pools.pool(name, clock.now()))


@noun.patch("/pools/<name>/", body=WorkerPoolChange, gives=WorkerPool)
def change(name: str, body: WorkerPoolChange) -> dict[str, Any]:
    """Change the queues or the number of workers; what runs is brought to its end."""
    pools.change(name, queues=body.queues, processes=body.processes, actor=actor())
    return _facts(pools.pool(name, clock.now()))


@noun.delete("/pools/<name>/", gives=RemovedPool)
def remove(name: str) -> dict[str, Any]:
    """Take a pool away; its workers bring their work to an end."""
    pools.remove(name, actor=actor())
    return {"removed": name}


@noun.post("/pools/<name>/start/", gives=StartedPools, status=202)
@unkeyed
def start(name: str) -> dict[str, Any]:
    """Start the workers of one pool, and make the schedules match the mailboxes."""
    return _started(pools.start(name, actor=actor()))


@noun.post("/pools/<name>/stop/", gives=StoppedPools, status=202)
def stop(name: str) -> dict[str, Any]:
    """Stop the workers of one pool."""
    pools.stop(name, actor=actor())
    return {"pools": [name]}


@noun.post("/pools/<name>/restart/", gives=StartedPools, status=202)
@unkeyed
def restart(name: str) -> dict[str, Any]:
    """Replace the workers of one pool by new ones, each when its work is done."""
    return _started(pools.restart(name, actor=actor()))


@noun.post("/start/", gives=StartedPools, status=202)
@unkeyed
def start_all() -> dict[str, Any]:
    """Start the workers of every pool, and make the schedules match the mailboxes."""
    return _started(pools.start_all(actor=actor()))


@noun.post("/stop/", gives=StoppedPools, status=202)
def stop_all() -> dict[str, Any]:
    """Stop the workers of every pool."""
    return {"pools": pools.stop_all(actor=actor())}


@noun.post("/restart/", gives=StartedPools, status=202)
@unkeyed
def restart_all() -> dict[str, Any]:
    """Replace the workers of every pool by new ones, each when its work is done."""
    return _started(pools.restart_all(actor=actor()))


def _facts(pool: PoolFacts) -> dict[str, Any]:
    return {**facts_of(pool, WorkerPool), "workers": [worker.name for worker in pool.workers]}


def _started(started: Started) -> dict[str, Any]:
    mailboxes = facts_of(started.mailboxes, SyncedSchedules) if started.mailboxes else None
    return {"pools": started.pools, "mailboxes": mailboxes}
