"""`jobs history|active|stats|failures`: what ran and how it went, what runs now, what fails and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from edupulse.cli.durations import span
from edupulse.cli.instants import earlier
from edupulse.cli.job_facts import facts_of, row_of
from edupulse.cli.job_filters import filter_from, filter_options
from edupulse.cli.known import JOB
from edupulse.cli.output import json_option, local, page_option, print_json, show_page, show_rows
from edupulse.cli.strangers import plain
from edupulse.clock import now
from edupulse.control import monitor
from edupulse.control.monitor import FailureGroup, JobStatistics, Percentiles

since_option = click.option(
    "--since", default="24h", show_default=True, metavar="TIME",
    help="Of what was accepted since then: 2h for two hours ago, 2026-03-12, \"2026-03-12 18:30\".",
)  # fmt: skip
COLUMNS = (
    "name",
    "accepted",
    "finished",
    "failed",
    "cancelled",
    "open",
    "failure_rate",
    "retried_well",
    "waited",
    "took",
)
PERCENTILES = "Waited and took: the half, 95 and 99 of 100 were quicker than that."


@filter_options()
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@page_option
@json_option
def history(limit: int, cursor: str, as_json: bool, **typed: Any) -> None:
    """Look back: what ran, who ordered it, how long it took, why it failed.

    `jobs history --failed --since 2h`
    """
    page = monitor.runs(filter_from(typed), cursor, limit)
    rows = [facts_of(run) if as_json else row_of(run) for run in page.items]
    columns = ("accepted", "name", "state", "took", "attempts", "actor", "id", "error")
    show_page(rows, columns, page.next, as_json=as_json, empty="No run matches.")


@click.option("--limit", type=click.IntRange(1, 1000), default=200, show_default=True)
@json_option
def active(limit: int, as_json: bool) -> None:
    """List what is being worked on at this moment, the oldest first."""
    rows = [facts_of(run) if as_json else row_of(run) for run in monitor.active(now(), limit)]
    columns = ("id", "name", "begun", "took", "progress", "attempts", "worker")
    show_rows(rows, columns, as_json=as_json, empty="Nothing is being worked on.")


@since_option
@click.option("--until", default=None, metavar="TIME", help="And before then.")
@click.option("--name", type=JOB, default="", help="Only this job.")
@json_option
def stats(since: str, until: str | None, name: str, as_json: bool) -> None:
    """Count per job what came of its runs, and how long they waited and took."""
    end = earlier(until, "until") if until else None
    found = monitor.statistics(earlier(since), end, name)
    rows = [_facts(each) if as_json else _line(each) for each in found]
    show_rows(rows, COLUMNS, as_json=as_json, empty="Nothing was accepted in this time.")
    if rows and not as_json:
        click.echo(PERCENTILES, err=True)


@click.option("--since", default="7d", show_default=True, metavar="TIME", help="Failed since then, e.g. 2h.")
@click.option("--name", type=JOB, default="", help="Only of this job.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@json_option
def failures(since: str, name: str, limit: int, as_json: bool) -> None:
    """Group what failed by its cause, in plain words, with what to do about it."""
    groups = monitor.failure_groups(earlier(since), name=name, limit=limit)
    if as_json:
        print_json([asdict(group) for group in groups])
        return
    for group in groups:
        click.echo("\n".join([*_story(group), ""]))
    if not groups:
        click.echo("Nothing has failed.")


VERBS: dict[str, Callable[..., None]] = {
    "history": history,
    "active": active,
    "stats": stats,
    "failures": failures,
}


def _facts(each: JobStatistics) -> dict[str, object]:
    return {**asdict(each), "failure_rate": each.failure_rate, "retry_success": each.retry_success}


def _line(each: JobStatistics) -> dict[str, object]:
    names = ("name", "accepted", "finished", "failed", "cancelled", "open")
    return {
        **{name: getattr(each, name) for name in names},
        "failure_rate": _share(each.failure_rate),
        "retried_well": None
        if each.retry_success is None
        else f"{_share(each.retry_success)} of {each.retried}",
        "waited": _times(each.wait),
        "took": _times(each.run),
    }


def _share(part: float | None) -> str | None:
    return None if part is None else f"{part:.1%}"


def _times(found: Percentiles | None) -> str | None:
    return None if found is None else " / ".join(span(each) for each in (found.p50, found.p95, found.p99))


def _story(group: FailureGroup) -> list[str]:
    mended = "Nothing of this job has finished since." if group.broken else "The job has finished since."
    return [
        click.style(
            f"{group.count:,} x {group.name}: {group.error_class}: {_short(group.message)}", bold=True
        ),
        f"  {_when(group.first_at, group.last_at, group.count)} {mended}",
        f"  Cause: {group.cause}",
        f"  What to do: {group.cure}",
        f"  Look at the last one: python cli.py jobs status {group.last_run_id}",
        f"  Try them again: python cli.py jobs retry --all --failed --fingerprint {group.fingerprint}",
    ]


def _when(first: datetime, last: datetime, count: int) -> str:
    return f"At {local(last)}." if count == 1 else f"From {local(first)} to {local(last)}."


def _short(message: str) -> str:
    first = plain(message).strip().partition("\n")[0]
    return first if len(first) <= 200 else f"{first[:200]}…"
