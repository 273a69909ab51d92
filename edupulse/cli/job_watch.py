"""`jobs watch`: how one run gets on, or all of them, until it is over or you have seen enough."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click
from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn
from rich.progress import Progress as Bar
from rich.text import Text

from edupulse.cli.durations import span
from edupulse.cli.job_facts import error_of, facts_of, is_over, row_of
from edupulse.cli.output import console, json_option, line_of_json, local, table_of
from edupulse.cli.queues import rows_of_queues
from edupulse.cli.strangers import plain
from edupulse.cli.waiting import looks
from edupulse.clock import now
from edupulse.control import monitor
from edupulse.control.models import JobRun
from edupulse.control.monitor import RunFilter
from edupulse.errors import Unavailable

LOOK_SECONDS = 0.5  # what moves twice a second looks alive
LATEST = 50  # runs that are looked at for what has changed
SHOWN = 8  # of them that have ended stand on a terminal

Seen = tuple[object, ...]
_COLUMNS = (
    TextColumn("{task.description}", markup=False),
    BarColumn(),
    MofNCompleteColumn(),
    TextColumn("{task.fields[words]}", markup=False),
)


@click.argument("run_id", required=False)
@json_option
def watch(run_id: str | None, as_json: bool) -> None:
    """Watch the run RUN_ID until it is over, or without one everything; Ctrl-C ends the watching only.

    Exit code 0 when the run finished, 1 when it did not, 130 after Ctrl-C. Without a terminal, and with --json, each
    change is a line.
    """
    if run_id is None:
        _watch_all(as_json=as_json)
    else:
        _refuse_unfinished(_watch_one(run_id, as_json=as_json))


VERBS: dict[str, Callable[..., None]] = {"watch": watch}


def _watch_one(run_id: str, *, as_json: bool) -> JobRun:
    monitor.run(run_id)  # before anything is drawn of nobody
    where = console()
    if as_json or not where.is_terminal:
        return _until_over(run_id, _Teller(as_json=as_json).tell)
    with Bar(*_COLUMNS, console=where, refresh_per_second=4) as bar:
        task = bar.add_task("", total=None, words="")
        return _until_over(run_id, lambda run: _draw(bar, task, run))


def _until_over(run_id: str, tell: Callable[[JobRun], None]) -> JobRun:
    found = looks(lambda: monitor.run(run_id), LOOK_SECONDS)
    while not is_over(run := next(found)):
        tell(run)
    tell(run)
    return run


class _Teller:
    """Prints a line for each change of a run."""

    def __init__(self, *, as_json: bool, known: Iterable[JobRun] = ()) -> None:
        self._as_json = as_json
        self._known = {run.id: _seen(run) for run in known}

    def tell(self, run: JobRun) -> None:
        if self._known.get(run.id) != (seen := _seen(run)):
            click.echo(line_of_json(facts_of(run)) if self._as_json else _line(run))
            self._known[run.id] = seen


def _draw(bar: Bar, task: TaskID, run: JobRun) -> None:
    total = run.progress_total or (1 if run.is_final else None)
    done = total if run.state == "finished" and total else run.progress_done or 0
    bar.update(
        task, description=f"{run.name} {run.state}", completed=done, total=total, words=plain(_words(run))
    )


def _words(run: JobRun) -> str:
    if run.is_final:
        return str(error_of(run) or row_of(run)["took"] or "")
    if run.state == "started":
        return " ".join(str(part) for part in (row_of(run)["took"], run.progress_note) if part)
    waits = monitor.waits_for(run, now())
    return waits.sentence if waits else ""


def _watch_all(*, as_json: bool) -> None:
    where = console()
    if as_json or not where.is_terminal:
        _all_lines(as_json=as_json)
    with Live(console=where, refresh_per_second=4, transient=True) as live:
        for picture in looks(_picture, LOOK_SECONDS):
            live.update(picture)


def _all_lines(*, as_json: bool) -> None:
    """Print a line for each run that changes, from now on."""
    teller = _Teller(as_json=as_json, known=_latest())
    for runs in looks(_latest, LOOK_SECONDS):
        for run in reversed(runs):
            teller.tell(run)


def _latest() -> list[JobRun]:
    latest = monitor.runs(RunFilter(), size=LATEST).items
    working = monitor.active(now(), LATEST)
    return list({run.id: run for run in (*latest, *reversed(working))}.values())


def _picture() -> RenderableType:
    moment = now()
    working = [row_of(run) for run in monitor.active(moment, LATEST)]
    ended = [row_of(run) for run in monitor.runs(RunFilter(), size=LATEST).items if run.is_final][:SHOWN]
    queues = table_of(rows_of_queues(moment), ("name", "waiting", "oldest", "running", "workers", "paused"))
    return Group(
        Text(f"{local(moment)}   Ctrl-C ends the watching; the jobs go on.\n", style="dim"),
        queues,
        Text("\nAt work", style="bold"),
        table_of(working, ("id", "name", "took", "progress", "worker")) if working else Text("Nothing."),
        Text("\nJust over", style="bold"),
        table_of(ended, ("id", "name", "state", "took", "error")) if ended else Text("Nothing yet."),
    )


def _line(run: JobRun) -> str:
    progress = row_of(run)["progress"] if run.state == "started" else error_of(run) or ""
    took = span((run.ended_at - run.started_at).total_seconds()) if run.ended_at and run.started_at else ""
    parts = (local(now()), run.id, run.name, run.state, took, str(progress or ""))
    return plain("  ".join(part for part in parts if part))


def _seen(run: JobRun) -> Seen:
    return run.state, run.attempts, run.progress_done, run.progress_total, run.progress_note


def _refuse_unfinished(run: JobRun) -> None:
    if run.state != "finished":
        raise Unavailable(
            f"The run is {run.state}. {error_of(run) or ''}".strip(),
            cure=f"See: python cli.py jobs status {run.id}",
        )
