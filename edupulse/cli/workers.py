"""`workers`: who works on what, and the pools in which workers are wanted."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from edupulse.cli.command import Noun, actor
from edupulse.cli.durations import span
from edupulse.cli.job_facts import facts_of as facts_of_run
from edupulse.cli.known import POOL
from edupulse.cli.output import json_option, print_json, show_facts, show_rows
from edupulse.clock import now
from edupulse.control import monitor, pools
from edupulse.control.catalog import QUEUES
from edupulse.control.monitor import WorkerFacts
from edupulse.control.pools import PoolFacts, Started
from edupulse.errors import Invalid

COLUMNS = (
    "name", "kind", "pool", "state", "queues", "works_on", "done", "failed", "memory_mb", "age", "version",
)  # fmt: skip

name_argument = click.argument("name", type=POOL)
names_argument = click.argument("name", type=POOL, required=False)
all_option = click.option("--all", "every", is_flag=True, help="Every pool.")
queues_option = click.option(
    "--queues", default=None, metavar="A,B", help=f"The first before the next; of {', '.join(QUEUES)}."
)
processes_option = click.option("--processes", type=int, default=None, help="How many workers.")


@click.group(cls=Noun)
def workers() -> None:
    """Workers: who works on what, and how many are wanted."""


@workers.command("list")
@json_option
def list_workers(as_json: bool) -> None:
    """List the processes: how each one is, what it has in hand, what it has done."""
    found = monitor.worker_list(now())
    if as_json:
        print_json([_facts(each) for each in found])
        return
    empty = "No process has run within the last hour. Start everything: python cli.py start"
    show_rows([_row(each) for each in found], COLUMNS, as_json=False, empty=empty)


@workers.command("pools")
@json_option
def list_pools(as_json: bool) -> None:
    """List the pools: which workers are wanted, and which there are."""
    rows = [_facts_of_pool(each) for each in pools.pools(now())]
    columns = ("name", "queues", "processes", "alive", "state", "words")
    show_rows(rows, columns, as_json=as_json, empty="There is no pool.")


@workers.command()
@click.argument("name")
@queues_option
@processes_option
@json_option
def add(name: str, queues: str | None, processes: int | None, as_json: bool) -> None:
    """Want more workers: a pool NAME on some queues, e.g. `workers add night --queues reports --processes 2`."""
    listed = list(QUEUES) if queues is None else _named(queues)
    pools.add(name, listed, 1 if processes is None else processes, actor=actor())
    _show(name, as_json=as_json)


@workers.command()
@name_argument
@queues_option
@processes_option
@json_option
def change(name: str, queues: str | None, processes: int | None, as_json: bool) -> None:
    """Change the queues or the number of workers of the pool NAME; what runs is brought to its end."""
    if queues is None and processes is None:
        raise Invalid("What shall be different?", cure="Give --queues, --processes or both.")
    pools.change(name, queues=None if queues is None else _named(queues), processes=processes, actor=actor())
    _show(name, as_json=as_json)


@workers.command()
@name_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def remove(name: str, yes: bool, as_json: bool) -> None:
    """Take the pool NAME away; its workers bring their jobs to an end."""
    pools.pool(name, now())  # before anybody is asked about nothing
    if not yes:
        click.confirm(f"Remove the pool {name}?", abort=True, err=True)
    pools.remove(name, actor=actor())
    show_facts({"name": name, "removed": True}, as_json=as_json)


@workers.command()
@names_argument
@all_option
@json_option
def start(name: str | None, every: bool, as_json: bool) -> None:
    """Let the workers of the pool NAME, or of --all, run; also looks whether each mailbox has its schedule."""
    _require_one(name, every)
    done = pools.start(name, actor=actor()) if name else pools.start_all(actor=actor())
    _show_started(done, as_json=as_json)


@workers.command()
@names_argument
@all_option
@json_option
def stop(name: str | None, every: bool, as_json: bool) -> None:
    """Let the workers of the pool NAME, or of --all, end; a job under way gets its grace, then waits again."""
    _require_one(name, every)
    if name:
        pools.stop(name, actor=actor())
    stopped = [name] if name else pools.stop_all(actor=actor())
    _show_pools(stopped, as_json=as_json)


@workers.command()
@names_argument
@all_option
@json_option
def restart(name: str | None, every: bool, as_json: bool) -> None:
    """Replace the workers of the pool NAME, or of --all, by new ones; what they work on comes to its end."""
    _require_one(name, every)
    done = pools.restart(name, actor=actor()) if name else pools.restart_all(actor=actor())
    _show_started(done, as_json=as_json)


def _require_one(name: str | None, every: bool) -> None:
    if every == (name is not None):
        raise Invalid(
            "Which workers?", cure="Name one pool, or give --all; `workers pools` lists them.", field="name"
        )


def _named(queues: str) -> list[str]:
    return [each.strip() for each in queues.split(",") if each.strip()]


def _show(name: str, *, as_json: bool) -> None:
    show_facts(_facts_of_pool(pools.pool(name, now())), as_json=as_json)


def _show_started(done: Started, *, as_json: bool) -> None:
    synced = asdict(done.mailboxes) if done.mailboxes else None
    if as_json:
        print_json({"pools": _pools_of(done.pools), "mailboxes": synced})
        return
    _show_pools(done.pools, as_json=False)
    words = (
        f"{synced['total']} mailboxes have their schedule."
        if synced
        else "The schedules of the mailboxes could not be looked at now; they follow by themselves."
    )
    click.echo(words, err=True)


def _show_pools(names: list[str], *, as_json: bool) -> None:
    columns = ("name", "queues", "processes", "alive", "state", "words")
    show_rows(_pools_of(names), columns, as_json=as_json, empty="There is no pool.")


def _pools_of(names: list[str]) -> list[dict[str, object]]:
    return [_facts_of_pool(each) for each in pools.pools(now()) if each.name in names]


def _facts_of_pool(each: PoolFacts) -> dict[str, object]:
    return {
        "name": each.name,
        "queues": each.queues,
        "processes": each.processes,
        "alive": each.alive,
        "state": each.state,
        "words": each.words,
        "follows_setting": each.follows_setting,
        "workers": [worker.name for worker in each.workers],
    }


def _facts(each: WorkerFacts) -> dict[str, Any]:
    found = {name: value for name, value in vars(each).items() if name != "works_on"}
    return {**found, "is_current": each.is_current, "works_on": [facts_of_run(run) for run in each.works_on]}


def _last_sign(each: WorkerFacts) -> datetime:
    return now() if each.state in ("running", "late") else each.heartbeat_at


def _row(each: WorkerFacts) -> dict[str, object]:
    return {
        "name": each.name,
        "kind": each.kind,
        "pool": each.pool,
        "state": each.state,
        "queues": each.queues,
        "works_on": [f"{run.name} ({run.id})" for run in each.works_on],
        "done": each.jobs_done,
        "failed": each.jobs_failed,
        "memory_mb": round((each.memory_bytes or 0) / 1e6),
        "age": span((_last_sign(each) - each.started_at).total_seconds()),
        "version": each.version if each.is_current else f"{each.version} (older)",
    }
