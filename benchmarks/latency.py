"""From the call that enqueues a job to the first line of the job, on a worker that has nothing else to do."""

from __future__ import annotations

from benchmarks import marks
from benchmarks.engines.engine import Engine
from benchmarks.engines.place import Place

SAMPLES = 250


def measure(engine: Engine, place: Place) -> list[float]:
    """Return the milliseconds of each of `SAMPLES` jobs, sent one by one, about 17 ms apart."""
    engine.fill(place, "noop", 1)  # a worker that has done a job is ready
    with engine.working(place):
        engine.wait_for(place, 1)
        engine.send(place, SAMPLES)
        began = dict(engine.wait_for(place, SAMPLES + 2))  # of two with one number the later
    sent = marks.read(place.sent)
    return [(began[number] - at) * 1000 for number, at in sent]
