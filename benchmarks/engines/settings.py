"""Which engines are compared, each in the settings that its own guide recommends for speed."""

from __future__ import annotations

from benchmarks.engines.engine import Engine

_QUIET = ("--loglevel", "ERROR", "--without-gossip", "--without-mingle", "--without-heartbeat")


def ours(processes: int, threads: int, *, on_postgres: bool = False, jobs: int = 6000) -> Engine:
    """EduPulse, its ledger on SQLite or PostgreSQL."""
    database = "PostgreSQL" if on_postgres else "SQLite"
    return Engine(
        f"EduPulse, ledger on {database}, {processes} x {threads} threads",
        "benchmarks.bench_jobs",
        ("benchmarks.bench_jobs", str(processes)),
        jobs,
        ours=True,
        on_postgres=on_postgres,
        variables={"BENCH_DATABASE": database, "WORKER_THREADS": str(threads)},
    )


def rq(kind: str, processes: int, jobs: int) -> Engine:
    """Stock RQ: `Worker` forks for each job, `SimpleWorker` does not."""
    module = "benchmarks.peers.rq_app"
    return Engine(f"RQ {kind} x {processes}", module, (module, kind), jobs, times=processes)


def celery(pool: str, concurrency: int, *, processes: int = 1, jobs: int = 2500) -> Engine:
    """Celery, early acknowledgement, prefetch multiplier 64, results in Redis."""
    module = "benchmarks.peers.celery_app"
    command = ("celery", "-A", module, "worker", "--pool", pool, "--concurrency", str(concurrency), *_QUIET)
    times = f"{processes} x " if processes > 1 else ""
    return Engine(f"Celery {times}{pool} {concurrency}", module, command, jobs, times=processes)


def dramatiq(processes: int, threads: int, jobs: int = 8000) -> Engine:
    """Dramatiq, no results."""
    module = "benchmarks.peers.dramatiq_app"
    command = ("dramatiq", module, "--processes", str(processes), "--threads", str(threads))
    return Engine(f"Dramatiq {processes} x {threads} threads", module, command, jobs)


def huey(kind: str, workers: int, jobs: int = 8000) -> Engine:
    """Huey, no periodic tasks; what runs when it dies is lost."""
    module = "benchmarks.peers.huey_app"
    command = ("huey.bin.huey_consumer", f"{module}.huey", "-k", kind, "-w", str(workers), "-n", "-q")
    return Engine(f"Huey {kind} {workers}", module, command, jobs)


def procrastinate(processes: int, concurrency: int, jobs: int = 2000) -> Engine:
    """Procrastinate, async jobs on PostgreSQL."""
    module = "benchmarks.peers.procrastinate_app"
    command = ("procrastinate", "--app", f"{module}.app", "worker", "--concurrency", str(concurrency))
    name = f"Procrastinate on PostgreSQL, {processes} x {concurrency}"
    return Engine(name, module, command, jobs, times=processes, on_postgres=True)
