"""`jobs`: list runs and look at one; what is sent, asked and ordered is in the files beside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import click

from edupulse.cli import job_history, job_kinds, job_send, job_watch, orders
from edupulse.cli.command import Noun
from edupulse.cli.durations import DURATION
from edupulse.cli.job_facts import facts_of, is_over, row_of
from edupulse.cli.job_filters import filter_from, filter_options
from edupulse.cli.known import QUEUE
from edupulse.cli.output import json_option, page_option, print_json, show_facts, show_page, show_rows
from edupulse.cli.waiting import LONGEST, wait_for
from edupulse.clock import now
from edupulse.control import monitor
from edupulse.control.models import JobRun
from edupulse.errors import Conflict, Unavailable


@click.group(cls=Noun)
def jobs() -> None:
    """Jobs: what ran, what waits, what can be sent."""


VERBS: dict[str, Callable[..., None]] = {
    **job_send.VERBS,
    **job_history.VERBS,
    **job_watch.VERBS,
    **orders.VERBS,
}
for verb, command in VERBS.items():
    jobs.command(verb)(command)
jobs.add_command(jobs.commands["cancel"], "revoke")  # as the API calls it


@jobs.command("list")
@filter_options()
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@page_option
@json_option
def list_runs(limit: int, cursor: str, as_json: bool, **typed: Any) -> None:
    """List runs, newest first."""
    page = monitor.runs(filter_from(typed), cursor, limit)
    rows = [facts_of(run) if as_json else row_of(run) for run in page.items]
    columns = ("id", "name", "state", "accepted", "took", "attempts", "error")
    show_page(rows, columns, page.next, as_json=as_json, empty="No run matches.")


@jobs.command()
@click.option("--queue", type=QUEUE, default=None, help="Only jobs of this queue.")
@json_option
def registered(queue: str | None, as_json: bool) -> None:
    """List every job that can be sent: what it takes, its limits, and when it runs by itself."""
    facts = job_kinds.listing(now(), queue)
    rows = facts if as_json else [job_kinds.row_of(each) for each in facts]
    columns = ("name", "takes", "queue", "by_itself", "at_most", "tries", "summary")
    show_rows(rows, columns, as_json=as_json, empty="No job goes to this queue.")


@jobs.command("status")
@click.argument("run_id")
@json_option
def status(run_id: str, as_json: bool) -> None:
    """Show one run, and what it waits for."""
    run = monitor.run(run_id)
    waits = None if run.is_final else monitor.waits_for(run, now())
    facts = facts_of(run)
    if as_json:
        print_json({**facts, "waits_for": waits})
        return
    shown = {name: value for name, value in facts.items() if name != "seconds"}
    took = row_of(run)["took"]
    waiting = {"waits": waits.sentence, "what_to_do": waits.cure or None} if waits else {}
    show_facts({**shown, "took": took, **waiting}, as_json=False)


@jobs.command()
@click.argument("run_id")
@click.option("--wait", is_flag=True, help="Wait until it is over.")
@click.option(
    "--timeout", type=DURATION, default=LONGEST, help="With --wait: at most so long.  [default: 2m]"
)
@json_option
def result(run_id: str, wait: bool, timeout: timedelta, as_json: bool) -> None:
    """Print what a run returned, as JSON; exit code 1 unless it finished."""
    run = monitor.run(run_id)
    if wait:
        seconds = timeout.total_seconds()
        run = wait_for(lambda: monitor.run(run_id), is_over, what=f"Run {run_id}", seconds=seconds)
    _refuse_unfinished(run)
    print_json(run.result)


def _refuse_unfinished(run: JobRun) -> None:
    look = f"See: python cli.py jobs status {run.id}"
    if run.state == "finished":
        return
    if run.is_final:
        raise Unavailable(
            f"It returned nothing: it was {run.state}. {run.error_message or ''}".strip(), cure=look
        )
    raise Conflict(f"It is not over: it is {run.state}.", cure=f"Wait: python cli.py jobs watch {run.id}")
