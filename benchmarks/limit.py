"""The limit: how often a second Redis alone can be made to hand over a job, with the fewest commands there are.

Two for a job: LMOVE takes it from its queue to a list of what is under way, HSET writes how it ended. Nothing runs,
nothing is checked, and who crashes leaves his jobs lying. `python -m benchmarks.limit SOCKET SECONDS` is one client.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

from redis import Redis

from benchmarks.engines.environment import PROJECT
from benchmarks.engines.place import Place

SECONDS = 2.0
JOBS = 400_000  # more than any client can take in that time
CHUNK = 20_000


def measure(place: Place, clients: int) -> float:
    """Return the pairs of LMOVE and HSET a second that `clients` processes reach together."""
    place.clear()
    for start in range(0, JOBS, CHUNK):
        place.redis.rpush("limit", *range(start, start + CHUNK))
    command = [sys.executable, "-m", "benchmarks.limit", str(place.socket), str(SECONDS)]
    started = [
        subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) for _ in range(clients)
    ]
    return sum(float(process.communicate()[0]) for process in started)


def _pairs(redis: Redis) -> Callable[[], object]:
    """Return what hands over one job: its end travels with the request for the next."""

    def step() -> object:
        with redis.pipeline(transaction=False) as pipeline:
            pipeline.lmove("limit", "limit:taken", "LEFT", "RIGHT")
            pipeline.hset("job", "status", "finished")
            return pipeline.execute()

    return step


def main(socket: str, seconds: str) -> None:
    """Print how many jobs a second one client hands over."""
    step, done, begun = _pairs(Redis(unix_socket_path=socket)), 0, time.monotonic()
    while (spent := time.monotonic() - begun) < float(seconds):
        step()
        done += 1
    print(done / spent)


if __name__ == "__main__":
    main(*sys.argv[1:])
