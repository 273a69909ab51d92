"""`jobs send`: a run of a job is ordered, with its arguments as they are typed."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import click

from edupulse.cli.command import actor
from edupulse.cli.durations import DURATION
from edupulse.cli.job_facts import facts_of
from edupulse.cli.known import JOB
from edupulse.cli.output import json_option, show_facts
from edupulse.cli.waiting import LONGEST, wait_for
from edupulse.clock import now
from edupulse.control import monitor
from edupulse.control.catalog import current_catalog
from edupulse.control.enqueue import IF_EXISTS
from edupulse.control.models import PRIORITIES, JobRun
from edupulse.errors import Invalid, Unavailable

EXAMPLE = "Example: '{\"event_id\": 7}'"


@click.argument("name", type=JOB)
@click.argument("pairs", nargs=-1, metavar="[KEY=VALUE]...")
@click.option(
    "--args",
    "ordered",
    default="",
    metavar="JSON",
    help="Arguments as a JSON list, in their order, or as an object.",
)
@click.option(
    "--kwargs",
    "--arguments",
    "named",
    default="",
    metavar="JSON",
    help="Arguments as a JSON object, e.g. '{\"event_id\": 7}'.",
)
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
@click.option(
    "--timeout", type=DURATION, default=LONGEST, help="With --wait: at most so long.  [default: 2m]"
)
@json_option  # fmt: skip
def send(
    name: str,
    pairs: tuple[str, ...],
    ordered: str,
    named: str,
    wait: bool,
    timeout: timedelta,
    as_json: bool,
    **wishes: Any,
) -> None:
    """Queue one run of the job NAME, e.g. `jobs send reminders.send_now event_id=7`.

    `jobs registered` lists the jobs with their parameters.
    """
    from edupulse.control import sending  # heavy: other commands about jobs begin without it

    arguments = {**_in_order(name, ordered), **_object(named, "--kwargs"), **dict(map(from_pair, pairs))}
    run = sending.send(name, arguments, actor=actor(), **_how(**wishes))
    if wait:
        run = _outcome(run, timeout)
    show_facts(facts_of(run), as_json=as_json)
    _warn_without_workers(run)
    _fail_unless_finished(run, waited=wait)


VERBS: dict[str, Callable[..., None]] = {"send": send}


def from_pair(pair: str) -> tuple[str, Any]:
    """Return name and value of KEY=VALUE; a value that is no JSON is text. Raises Invalid."""
    key, equals, value = pair.partition("=")
    if not equals or not key.isidentifier():
        raise Invalid(f"{pair!r} is not KEY=VALUE.", cure="Example: event_id=7")
    try:
        return key, json.loads(value)
    except (ValueError, RecursionError):  # a number of 5,000 digits is no number either
        return key, value  # plain text needs no quotes


def _how(priority: str | None, delay: timedelta | None, unique: str | None, if_exists: str) -> dict[str, Any]:
    return {
        "priority": PRIORITIES[priority] if priority else None,
        "not_before": now() + delay if delay else None,
        "unique_key": unique,
        "if_exists": if_exists,
    }


def _in_order(name: str, text: str) -> dict[str, Any]:
    """Return the arguments of a JSON list under the names of the job's parameters; an object has them already."""
    spec = current_catalog().get(name)
    found = _parsed(text, "--args") if text else []
    if isinstance(found, dict):
        return found
    if not isinstance(found, list):
        raise Invalid("--args must be a JSON list or object.", cure="Example: '[7]'", field="args")
    try:
        return dict(inspect.signature(spec.function).bind_partial(*found).arguments)
    except TypeError as error:
        raise Invalid(f"Job {name}: {error}.", cure=f"It takes: {spec.parameters()}.", field="args") from None


def _object(text: str, option: str) -> dict[str, Any]:
    found = _parsed(text, option) if text else {}
    if not isinstance(found, dict):
        raise Invalid(f"{option} must be a JSON object.", cure=EXAMPLE, field="kwargs")
    return found


def _parsed(text: str, option: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"{option} is not JSON: {error}.", cure=EXAMPLE, field=option.lstrip("-")) from None


def _outcome(run: JobRun, timeout: timedelta) -> JobRun:
    """Wait until the run is over; raises Unavailable at once when nobody is there to work on it."""
    workers = monitor.workers_service(now())
    if workers.state == "down" and not run.is_final:
        raise Unavailable(f"It is queued as run {run.id}. {workers.summary}", cure=workers.cure)
    seconds = timeout.total_seconds()
    return wait_for(
        lambda: monitor.run(run.id), lambda found: found.is_final, what=f"Run {run.id}", seconds=seconds
    )


def _warn_without_workers(run: JobRun) -> None:
    if run.is_final:
        return
    for service in (monitor.redis_service(), monitor.workers_service(now())):
        if service.state == "down":
            click.echo(f"Note: {service.summary}", err=True)


def _fail_unless_finished(run: JobRun, *, waited: bool) -> None:
    if waited and run.state != "finished":
        why = f" {run.error_message}" if run.error_message else ""
        raise Unavailable(f"The run has {run.state}.{why}", cure=f"See: python cli.py jobs status {run.id}")
