"""`/workers/queues`: what waits in each queue, and a switch."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from edupulse import clock
from edupulse.api.answers import facts_of
from edupulse.api.gate import actor
from edupulse.api.job_words import Pause, Pausing, Resumed
from edupulse.api.noun import Noun
from edupulse.api.schema import ListOf, Shown
from edupulse.control import monitor, pauses
from edupulse.control.monitor import QueueLoad

noun = Noun("queues", __name__, url_prefix="/workers/queues")


class Queue(Shown):
    """What stands in one queue, since when, who listens to it, and what holds it."""

    name: str
    waiting: int
    oldest: datetime | None
    running: int
    workers: int
    pause: Pause | None


@noun.get("/", gives=ListOf[Queue])
def list_queues() -> dict[str, Any]:
    """List the queues that are used."""
    return {"items": [_facts(load) for load in monitor.queue_loads(clock.now())]}


@noun.post("/<name>/pause/", body=Pausing, gives=Pause)
def pause(name: str, body: Pausing) -> dict[str, Any]:
    """Let nothing of the queue begin, until an instant or until it is resumed; what runs goes on."""
    return facts_of(pauses.pause("queue", name, actor(), body.reason or "", body.until), Pause)


@noun.post("/<name>/resume/", gives=Resumed)
def resume(name: str) -> dict[str, Any]:
    """Let the queue go on."""
    return {"name": name, "was_paused": pauses.resume("queue", name, actor())}


def _facts(load: QueueLoad) -> dict[str, Any]:
    return {**facts_of(load, Queue), "pause": facts_of(load.pause, Pause) if load.pause else None}
