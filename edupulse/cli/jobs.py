"""`jobs`: list runs, send one, look at one; what is ordered about them is in orders.py."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import click

from edupulse.cli.command import Noun, actor
from edupulse.cli.durations import DURATION
from edupulse.cli.orders import ORDERS
from edupulse.cli.output import json_option, show_facts, show_rows
from edupulse.cli.waiting import wait_for
from edupulse.clock import now
from edupulse.control import monitor
from edupulse.control.catalog import QUEUES, current_catalog
from edupulse.control.enqueue import IF_EXISTS, enqueue
from edupulse.control.models import PRIORITIES, STATES, JobRun
from edupulse.control.monitor import RunFilter
from edupulse.errors import Invalid, Unavailable


@click.group(cls=Noun)
def jobs() -> None:
    """Jobs: what ran, what waits, what can be sent."""


for order in ORDERS:
    jobs.command()(order)


@jobs.command("list")
@click.option("--state", type=click.Choice(STATES), default=None, help="Only runs in this state.")
@click.option("--name", default="", help="Only runs of this job, e.g. reminders.check.")
@click.option("--queue", type=click.Choice(QUEUES), default=None, help="Only runs of this queue.")
@click.option("--search", default="", help="Only runs with this text in id, arguments or error.")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@json_option
def list_runs(
    state: str | None, name: str, queue: str | None, search: str, limit: int, as_json: bool
) -> None:
    """List runs, newest first."""
    filters = RunFilter(state=state or "", name=name, queue=queue or "", text=search)
    found = [facts_of(run) for run in monitor.runs(filters, size=limit).items]
    columns = ("id", "name", "state", "created_at", "ended_at", "attempts", "error")
    show_rows(found, columns, as_json=as_json, empty="No run matches.")


@jobs.command()
@json_option
def registered(as_json: bool) -> None:
    """List every job that can be sent, with its parameters."""
    rows = [
        {"name": spec.name, "queue": spec.queue, "parameters": spec.parameters(), "summary": spec.summary}
        for spec in current_catalog().specs.values()
    ]
    show_rows(
        rows, ("name", "queue", "parameters", "summary"), as_json=as_json, empty="The catalog is empty."
    )


@jobs.command()
@click.argument("name")
@click.argument("arguments", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--arguments", "text", default="", help="Arguments as a JSON object, e.g. '{\"event_id\": 7}'.")
@click.option(
    "--priority", type=click.Choice(list(PRIORITIES)), default=None, help="Else as the catalog says."
)
@click.option("--delay", type=DURATION, default=None, help="Not before this has passed, e.g. 10m.")
@click.option("--unique", default=None, metavar="KEY", help="Only one run with this key is open at a time.")
@click.option(
    "--if-exists",
    type=click.Choice(IF_EXISTS),
    default="skip",
    show_default=True,
    help="What to do when a run has the key.",
)
@click.option("--wait", is_flag=True, help="Wait for the outcome; exit code 1 unless it finished.")
@json_option
def send(name: str, arguments: tuple[str, ...], text: str, wait: bool, as_json: bool, **wishes: Any) -> None:
    """Queue one run of the job NAME, e.g. `jobs send reminders.send_now event_id=7`."""
    run = enqueue(name, actor=actor(), **_how(**wishes), **_arguments(arguments, text))
    if wait:
        run = wait_for(lambda: monitor.run(run.id), lambda found: found.is_final, what=f"Run {run.id}")
    show_facts(facts_of(run), as_json=as_json)
    _warn_without_workers(run)
    _fail_unless_finished(run, waited=wait)


@jobs.command("status")
@click.argument("run_id")
@json_option
def show(run_id: str, as_json: bool) -> None:
    """Show one run."""
    show_facts(facts_of(monitor.run(run_id)), as_json=as_json)


_PRIORITY_NAMES = {number: name for name, number in PRIORITIES.items()}


def facts_of(run: JobRun) -> dict[str, object]:
    """Return what there is to know about `run`."""
    names = ("id", "name", "queue", "state", "arguments", "actor", "attempts", "created_at", "available_at")
    facts: dict[str, object] = {name: getattr(run, name) for name in (*names, "started_at", "ended_at")}
    facts |= {"worker": run.worker, "result": run.result, "max_attempts": run.max_attempts}
    facts |= {"priority": _PRIORITY_NAMES.get(run.priority, str(run.priority)), "unique_key": run.unique_key}
    facts |= {"deaths": run.deaths or None, "workflow_step_id": run.workflow_step_id}
    if run.cancel_requested_at is not None:
        facts |= {"cancel_requested_at": run.cancel_requested_at, "cancelled_by": run.cancel_actor}
        facts["cancel_reason"] = run.cancel_reason
    facts["error"] = f"{run.error_class}: {run.error_message}" if run.error_class else None
    if run.progress_total:
        facts["progress"] = f"{run.progress_done} of {run.progress_total} {run.progress_note or ''}".strip()
    return facts


def _how(priority: str | None, delay: timedelta | None, unique: str | None, if_exists: str) -> dict[str, Any]:
    return {
        "priority": PRIORITIES[priority] if priority else None,
        "not_before": now() + delay if delay else None,
        "unique_key": unique,
        "if_exists": if_exists,
    }


def _arguments(pairs: tuple[str, ...], text: str) -> dict[str, Any]:
    return {**_from_json(text), **dict(from_pair(pair) for pair in pairs)}


def _from_json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text) if text else {}
    except json.JSONDecodeError as error:
        raise Invalid(f"--arguments is not JSON: {error}.", cure="Example: '{\"event_id\": 7}'") from None
    if not isinstance(found, dict):
        raise Invalid("--arguments must be a JSON object.", cure="Example: '{\"event_id\": 7}'")
    return found


def from_pair(pair: str) -> tuple[str, Any]:
    """Return name and value of KEY=VALUE; a value that is no JSON is text. Raises Invalid."""
    key, equals, value = pair.partition("=")
    if not equals or not key.isidentifier():
        raise Invalid(f"{pair!r} is not KEY=VALUE.", cure="Example: event_id=7")
    try:
        return key, json.loads(value)
    except json.JSONDecodeError:
        return key, value  # plain text needs no quotes


def _warn_without_workers(run: JobRun) -> None:
    if run.is_final:
        return
    for service in (monitor.redis_service(), monitor.workers_service(now())):
        if service.state == "down":
            click.echo(f"Note: {service.summary}", err=True)


def _fail_unless_finished(run: JobRun, *, waited: bool) -> None:
    if waited and run.state != "finished":
        raise Unavailable(f"The run has {run.state}.", cure=f"See: python cli.py jobs status {run.id}")
