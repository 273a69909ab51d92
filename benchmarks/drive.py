"""Fill the queue of an engine, or send it jobs one by one; runs in the engine's own virtual environment.

`python -m benchmarks.drive MODULE prepare|fill|send [JOB] [COUNT]`: the module offers `prepare()`,
`fill(job, count)` and `send(number)`.
"""

from __future__ import annotations

import importlib
import random
import sys
import time

from benchmarks.marks import mark

NAP_SECONDS = 0.005  # what the sleeping job of each engine sleeps
PAUSE_SECONDS = (0.012, 0.022)  # between two single jobs; uneven, so that no poll falls into step with it


def main(module: str, verb: str, job: str = "noop", count: str = "0") -> None:
    """Do what is asked, and print the seconds that filling took."""
    engine = importlib.import_module(module)
    if verb == "send":
        _send_one_by_one(engine.send, int(count))
        return
    started = time.perf_counter()
    engine.fill(job, int(count)) if verb == "fill" else engine.prepare()
    print(time.perf_counter() - started)


def _send_one_by_one(send, count: int) -> None:  # type: ignore[no-untyped-def]
    send(-1)  # the first one opens connections
    time.sleep(0.3)
    for number in range(count):
        time.sleep(random.uniform(*PAUSE_SECONDS))
        begun = time.monotonic()
        send(number)
        mark(number, begun)


if __name__ == "__main__":
    main(*sys.argv[1:])
