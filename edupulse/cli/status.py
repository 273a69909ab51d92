"""`status`: which part is up, which is down, and why."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

import click
from flask.cli import with_appcontext

from edupulse.cli.command import Command
from edupulse.cli.output import json_option, print_json, show_rows
from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.control.models import JobRun, Worker
from edupulse.control.monitor import Service, live_processes, work_in_hand
from edupulse.embedded.web import is_serving
from edupulse.mail.monitor import services


@click.command(cls=Command)
@json_option
@click.pass_context
@with_appcontext
def status(ctx: click.Context, as_json: bool) -> None:
    """Show each part of the system: up or down, and why. Exit code 1 unless all are up."""
    moment = now()
    parts = [web_service(), *services(moment)]
    found = _processes(parts, moment)
    in_hand = work_in_hand() if found else {}
    processes = [_process(worker, in_hand.get(worker.name, [])) for worker in found]
    if as_json:
        print_json({"services": [asdict(part) for part in parts], "processes": processes})
    else:
        show_rows(
            [asdict(part) for part in parts], ("name", "state", "summary", "cure"), as_json=False, empty=""
        )
        click.echo()
        show_rows(processes, _COLUMNS, as_json=False, empty="")
    ctx.exit(0 if all(part.is_up for part in parts) else 1)


def web_service() -> Service:
    """Say whether the pages answer."""
    settings = current_settings()
    if is_serving(settings):
        return Service("web", "up", f"Pages are served at {settings.base_url}.")
    summary = f"Nothing answers on {settings.host} port {settings.port}."
    return Service("web", "down", summary, "Start everything with `./run up`.")


_COLUMNS = ("name", "kind", "queues", "heartbeat_at", "works_on", "jobs_done", "memory_mb", "version")


def _processes(parts: list[Service], moment: datetime) -> list[Worker]:
    database_is_up = any(part.name == "database" and part.is_up for part in parts)
    return live_processes(moment) if database_is_up else []


def _process(worker: Worker, in_hand: list[JobRun]) -> dict[str, object]:
    names = ("name", "kind", "host", "pid", "queues", "state", "started_at", "heartbeat_at", "threads")
    facts: dict[str, object] = {name: getattr(worker, name) for name in (*names, "jobs_done", "version")}
    facts["works_on"] = [run.id for run in in_hand]
    return facts | {"memory_mb": round((worker.memory_bytes or 0) / 1e6)}
