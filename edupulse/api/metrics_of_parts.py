"""Figures of the parts: processes, the clock, Redis, mail, mailboxes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from redis.exceptions import RedisError

from edupulse.control import monitor
from edupulse.control.connection import redis_connection
from edupulse.control.models import Worker
from edupulse.control.parts import needed_queues
from edupulse.mail import gauges as mail
from edupulse.mail.monitor import paused_senders
from edupulse.mailboxes.gauges import mailboxes_by_health
from edupulse.version import VERSION


def collect(now: datetime) -> Iterator[Metric]:
    """Yield them as they are at `now`."""
    yield labelled(
        "edupulse_info", "Always 1; the label is the version of the web process.", "version", {VERSION: 1}
    )
    processes = monitor.live_processes(now)
    workers = [each for each in processes if each.kind == "worker"]
    yield from _workers(workers)
    yield from _clock([each for each in processes if each.kind == "scheduler"], now)
    yield from _redis()
    yield from _mail()
    yield labelled("edupulse_mailboxes", "Mailboxes by how they do.", "health", mailboxes_by_health(now))


def labelled(name: str, about: str, label: str, values: dict[str, float] | dict[str, int]) -> Metric:
    """Return a gauge with one value for each value of `label`."""
    family = GaugeMetricFamily(name, about, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _workers(workers: Sequence[Worker]) -> Iterator[Metric]:
    yield GaugeMetricFamily("edupulse_workers", "Worker processes with a fresh heartbeat.", len(workers))
    listening = dict.fromkeys(needed_queues(), 0)
    for queue in (queue for worker in workers for queue in worker.queues):
        listening[queue] = listening.get(queue, 0) + 1
    yield labelled("edupulse_queue_workers", "Worker processes that listen to a queue.", "queue", listening)
    memory = {worker.name: worker.memory_bytes or 0 for worker in workers}
    yield labelled("edupulse_worker_memory_bytes", "Memory of each worker process.", "worker", memory)


def _clock(schedulers: Sequence[Worker], now: datetime) -> Iterator[Metric]:
    yield GaugeMetricFamily("edupulse_schedulers", "Schedulers with a fresh heartbeat.", len(schedulers))
    ticks = [each.last_tick_at for each in schedulers if each.last_tick_at]
    if ticks:
        last = max(ticks)
        yield GaugeMetricFamily(
            "edupulse_scheduler_last_tick_timestamp_seconds", "Its last completed round.", last.timestamp()
        )
        lag = max(0.0, (now - last).total_seconds())
        yield GaugeMetricFamily("edupulse_scheduler_lag_seconds", "Time since its last completed round.", lag)
    late = len(monitor.late_schedules(now))
    yield GaugeMetricFamily("edupulse_schedules_late", "Schedules whose time has passed without a run.", late)


def _redis() -> Iterator[Metric]:
    try:
        memory = redis_connection().info("memory")
    except RedisError:
        memory = {}
    yield GaugeMetricFamily("edupulse_redis_up", "1 when Redis answers; without it work waits.", bool(memory))
    if memory:
        used, most = memory["used_memory"], memory.get("maxmemory", 0)
        yield GaugeMetricFamily("edupulse_redis_memory_bytes", "Memory that Redis uses.", used)
        yield GaugeMetricFamily("edupulse_redis_memory_limit_bytes", "Its limit; 0 is none.", most)


def _mail() -> Iterator[Metric]:
    about = "Mails on their way (queued, sending, deferred), and unknown ones that wait for a person's word."
    states = mail.open_mails()
    yield labelled("edupulse_mails", about, "state", states)
    depth = states["queued"] + states["deferred"]
    yield GaugeMetricFamily("edupulse_outbox_mails", "Mails that were accepted and have not left yet.", depth)
    accepted, tries = mail.mails_ever()
    yield CounterMetricFamily("edupulse_mails_accepted", "Mails that were accepted.", accepted)
    yield CounterMetricFamily("edupulse_mail_attempts", "Tries to hand a mail to a server.", tries)
    paused = len(paused_senders())
    yield GaugeMetricFamily("edupulse_mail_paused", "Senders that wait for a person.", paused)
