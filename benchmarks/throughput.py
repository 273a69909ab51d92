"""Jobs a second, counted while every process of the engine is at work."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.engines.engine import Engine
from benchmarks.engines.place import Place

WARM_SHARE = 0.2  # of the jobs: they run while processes still start, and are not counted


@dataclass(frozen=True)
class Throughput:
    """What one measurement found."""

    accepted: float  # jobs a second that the bulk call of the engine accepts
    done: float  # jobs a second


def measure(engine: Engine, place: Place, job: str = "noop", count: int = 0) -> Throughput:
    """Let jobs wait, start the workers, and count from a fifth of the jobs on until the last has begun."""
    count = count or engine.jobs
    seconds = engine.fill(place, job, count)
    with engine.working(place):
        instants = [at for _, at in engine.wait_for(place, count)]
    first = int(count * WARM_SHARE)
    return Throughput(count / seconds, (count - 1 - first) / (instants[-1] - instants[first]))
