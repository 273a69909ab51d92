"""Where the time of a no-op job goes: each part of one worker's turn, timed while it works a queue off.

`python -m benchmarks.breakdown JOBS` prints the microseconds a job as JSON; runs as an engine's worker does.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from typing import Any

from benchmarks.bench_jobs import QUEUE, make_app
from benchmarks.engines.engine import Engine
from benchmarks.engines.place import Place
from edupulse.control import execution, ledger, worker
from edupulse.control.connection import redis_connection
from edupulse.control.engine.transport import Transport

JOBS = 2000


def measure(engine: Engine, place: Place) -> dict[str, float]:
    """Return microseconds a job, by part; the parts and the rest add up to the whole."""
    engine.fill(place, "noop", JOBS)
    answer: dict[str, float] = json.loads(engine.python("benchmarks.breakdown", str(JOBS), place=place))
    return answer


class Meter:
    """Adds up the time spent inside the functions it wraps."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return `function`, its time counted under `part`."""

        @wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            begun = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds[part] += (
                    time.perf_counter() - begun
                )  # one thread for each part: nobody interferes

        return wrapper


def main(jobs: int) -> None:
    """Work the queue off in this process and print what each part took."""
    app, meter = make_app(), Meter()
    Transport.turn = meter.timed("redis", Transport.turn)  # type: ignore[method-assign]
    ledger.turn = meter.timed("ledger", ledger.turn)
    worker.perform = meter.timed("context", execution.perform)  # type: ignore[attr-defined]
    with app.app_context():
        redis_connection().config_resetstat()
        begun = time.perf_counter()
        worker.work_here(app, [QUEUE])
        whole = time.perf_counter() - begun
        inside = redis_connection().info("commandstats")["cmdstat_evalsha"]["usec"] / 1e6
    print(json.dumps({part: 1e6 * seconds / jobs for part, seconds in _parts(meter, whole, inside)}))


def _parts(meter: Meter, whole: float, inside: float) -> list[tuple[str, float]]:
    spent = meter.seconds
    return [
        ("the scripts inside Redis", inside),
        ("the way to Redis and back, and the messages' signatures", spent["redis"] - inside),
        ("the ledger: end of one, begin of the next, commit", spent["ledger"]),
        ("the job's context, and the job", spent["context"]),
        ("from thread to thread, and the loop", whole - sum(spent.values())),
        ("all", whole),
    ]


if __name__ == "__main__":
    main(int(sys.argv[1]))
