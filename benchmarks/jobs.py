"""The job engine against its peers, all on this machine in one run; each figure is the median of three rounds."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator

from benchmarks import breakdown, idle, latency, limit, throughput
from benchmarks.engines import settings
from benchmarks.engines.engine import Engine
from benchmarks.engines.place import Place, place
from benchmarks.figures import Figure, at_least, at_most, percentile, seen
from benchmarks.memory import family, pss_mb

ROUNDS = 3  # taken in turns, so that a busy minute of the machine meets everybody
NAPS = 4000

OURS_ONE, OURS_TWO = settings.ours(1, 4), settings.ours(2, 10)
CELERY = settings.celery("prefork", 2)
NOOP = (
    settings.ours(1, 1, jobs=4000),
    OURS_ONE,
    settings.ours(2, 1),
    settings.ours(2, 4),
    OURS_TWO,
    settings.rq("Worker", 1, 150),
    settings.rq("Worker", 2, 250),
    settings.rq("SimpleWorker", 1, 800),
    settings.rq("SimpleWorker", 2, 1500),
    CELERY,
    settings.celery("threads", 10),
    settings.dramatiq(2, 8),
    settings.huey("process", 2),
    settings.huey("thread", 10),
)
NOOP_ON_POSTGRES = (
    settings.ours(1, 4, on_postgres=True, jobs=3000),
    settings.ours(2, 10, on_postgres=True, jobs=4000),
    settings.procrastinate(2, 10),
)
NAPPING_CELERY = (
    settings.celery("prefork", 20),
    settings.celery("threads", 10, processes=2),
    settings.celery("threads", 20),
)
LATENCY = (
    OURS_ONE,
    settings.rq("Worker", 1, 1),
    settings.rq("SimpleWorker", 1, 1),
    CELERY,
    settings.dramatiq(2, 8),
    settings.huey("process", 2),
)
LATENCY_ON_POSTGRES = (settings.ours(1, 4, on_postgres=True), settings.procrastinate(1, 10))


def run() -> Iterator[Figure]:
    """Yield each figure as it is known."""
    with place() as here:
        yield from no_op_jobs(here)
        yield from napping_jobs(here)
        yield from latencies(here)
        yield from worker_memory(here)
        yield from the_limit(here)
        yield from where_the_time_goes(here)
    yield from idle_stack()


def no_op_jobs(here: Place) -> Iterator[Figure]:
    """Measure jobs that do nothing, and how fast each engine accepts jobs in bulk."""
    engines = (*NOOP, *(NOOP_ON_POSTGRES if here.postgres_url else ()))
    found = _rounds(engines, here, "noop")
    for engine in engines:
        yield seen("jobs", f"no-op jobs: {engine.name}", found[engine.name].done, "1/s")
    ratio = found[OURS_TWO.name].done / found[CELERY.name].done
    yield at_least("jobs", f"no-op jobs: {OURS_TWO.name}, ratio to {CELERY.name}", ratio, "x", 2.5)
    for engine in engines:
        name, rate = f"accepted in bulk: {engine.name}", found[engine.name].accepted
        yield (
            at_least("jobs", name, rate, "1/s", 5000)
            if engine is OURS_TWO
            else seen("jobs", name, rate, "1/s")
        )


def napping_jobs(here: Place) -> Iterator[Figure]:
    """Measure jobs that sleep 5 ms, twenty at once."""
    engines = (OURS_TWO, *NAPPING_CELERY)
    found = _rounds(engines, here, "nap", NAPS)
    for engine in engines:
        yield seen("jobs", f"jobs that sleep 5 ms: {engine.name}", found[engine.name].done, "1/s")
    best = max(found[engine.name].done for engine in NAPPING_CELERY)
    ratio = found[OURS_TWO.name].done / best
    yield at_least("jobs", "jobs that sleep 5 ms: ratio to the best of Celery", ratio, "x", 2.0)


def latencies(here: Place) -> Iterator[Figure]:
    """Measure from the call that enqueues to the first line of the job, the worker being idle."""
    for engine in (*LATENCY, *(LATENCY_ON_POSTGRES if here.postgres_url else ())):
        rounds = [latency.measure(engine, here) for _ in range(ROUNDS if engine.ours else 1)]
        middle, worst = (_median(percentile(one, share) for one in rounds) for share in (0.5, 0.99))
        yield seen("jobs", f"enqueue to start, p50: {engine.name}", middle, "ms")
        name = f"enqueue to start, p99: {engine.name}"
        yield at_most("jobs", name, worst, "ms", 10.0) if engine.ours else seen("jobs", name, worst, "ms")


def worker_memory(here: Place) -> Iterator[Figure]:
    """Weigh workers that have done a thousand jobs; the last of a family is a worker, the first its parent."""
    for engine in (OURS_TWO, CELERY):
        engine.fill(here, "noop", 1000)
        with engine.working(here) as started:
            engine.wait_for(here, 1000)
            parent, *workers = family(started[0])
            heaviest = max(map(pss_mb, workers))
            name = f"memory of a worker (PSS): {engine.name}"
            yield (
                at_most("jobs", name, heaviest, "MB", 80.0)
                if engine.ours
                else seen("jobs", name, heaviest, "MB")
            )
            yield seen("jobs", f"memory of its parent (PSS): {engine.name}", pss_mb(parent), "MB")


def the_limit(here: Place) -> Iterator[Figure]:
    """Measure what Redis alone can do, with two commands for a job."""
    for clients in (1, 2):
        rate = _median(limit.measure(here, clients) for _ in range(ROUNDS))
        yield seen(
            "jobs",
            f"the limit: LMOVE and HSET in one call, {clients} clients, no job, no ledger",
            rate,
            "1/s",
        )


def where_the_time_goes(here: Place) -> Iterator[Figure]:
    """Break one no-op job down, for a worker of one thread and for one of four."""
    for engine in (settings.ours(1, 1), OURS_ONE):
        rounds = [breakdown.measure(engine, here) for _ in range(ROUNDS)]
        for part in rounds[0]:
            value = _median(one[part] for one in rounds)
            yield seen("jobs", f"one no-op job, {engine.name}: {part}", value, "us")


def idle_stack() -> Iterator[Figure]:
    """Watch a stack that has nothing to do."""
    found = idle.measure()
    parts, supervisor = found.parts, found.supervisor
    name = f"idle stack of {parts.processes} processes: web, scheduler, 3 workers and their keeper, Redis"
    yield at_most("jobs", f"{name}: processor", parts.cpu_percent, "%", 1.0)
    yield at_most("jobs", f"{name}: memory (PSS)", parts.pss_mb, "MB", 350.0)
    yield seen("jobs", "who starts and watches them, without systemd: processor", supervisor.cpu_percent, "%")
    yield seen("jobs", "who starts and watches them, without systemd: memory (PSS)", supervisor.pss_mb, "MB")


def _rounds(
    engines: Iterable[Engine], here: Place, job: str, count: int = 0
) -> dict[str, throughput.Throughput]:
    found: dict[str, list[throughput.Throughput]] = defaultdict(list)
    for _ in range(ROUNDS):
        for engine in engines:
            found[engine.name].append(throughput.measure(engine, here, job, count))
    return {
        name: throughput.Throughput(_median(one.accepted for one in many), _median(one.done for one in many))
        for name, many in found.items()
    }


def _median(values: Iterable[float]) -> float:
    return statistics.median(values)
