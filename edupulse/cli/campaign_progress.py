"""`campaigns progress`: how far a campaign is, once or as a bar that moves until it is over."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn
from rich.progress import Progress as Bar

from edupulse.campaigns import monitor
from edupulse.campaigns.estimate import duration_words
from edupulse.campaigns.monitor import Hold, Progress
from edupulse.cli.output import json_option, local, print_json, show_facts
from edupulse.cli.row_numbers import ROW_NUMBER
from edupulse.database import db
from edupulse.errors import Unavailable

LOOK_SECONDS = 0.5  # a bar that moves twice a second looks alive
OVER = ("finished", "finished_with_failures", "cancelled")
NOT_GOT = ("rejected", "unknown", "bounced")


@click.argument("campaign_id", type=ROW_NUMBER)
@click.option("--watch", is_flag=True, help="Stay until it is over, or waits for somebody.")
@json_option
def progress(campaign_id: int, watch: bool, as_json: bool) -> None:
    """Show how far a campaign is, how fast it goes, what it waits for, and when it will be done."""
    if watch:
        follow(campaign_id, as_json=as_json)
    else:
        show(monitor.progress(campaign_id), as_json=as_json)


VERBS: dict[str, Callable[..., None]] = {"progress": progress}


def follow(campaign_id: int, *, as_json: bool) -> None:
    """Draw a bar until the campaign is over; raises Unavailable when it waits for somebody, or when mails failed."""
    now = _drawn(campaign_id, Console(stderr=True, quiet=as_json))
    if as_json:
        print_json(_facts(now))
    else:
        click.echo(_summary(now))
    _refuse_failures(now)


def show(now: Progress, *, as_json: bool) -> None:
    """Print how far it is."""
    if as_json:
        print_json(_facts(now))
        return
    facts = {
        "campaign": now.name,
        "state": now.state.replace("_", " "),
        "settled": f"{now.done:,} of {now.total:,}",
        "counts": _counts(now),
        "rate": f"{now.rate:.1f} mails a second" if now.rate else None,
        "done_in": f"about {duration_words(now.eta)}" if now.eta is not None and now.left else None,
        "done_at": now.ends_at if now.left else None,
        "what_binds": now.words or None,
        "waits": _why_it_waits(now) or None,
        "question": now.question,
        "next_try_at": now.next_try_at,
    }
    show_facts(facts, as_json=False)


def _drawn(campaign_id: int, where: Console) -> Progress:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[pace]}", markup=False),
        TextColumn("{task.fields[words]}", style="dim", markup=False),
    )
    with Bar(*columns, console=where, refresh_per_second=4) as bar:
        task = bar.add_task("", total=None, pace="", words="")
        while True:
            now = _looked_at(campaign_id)
            _draw(bar, task, now)
            if now.state in OVER or now.question or _waits_for_somebody(now):
                return now
            time.sleep(LOOK_SECONDS)


def _looked_at(campaign_id: int) -> Progress:
    db.session.rollback()  # a new look needs a new read transaction
    db.session.expire_all()
    return monitor.progress(campaign_id)


def _draw(bar: Bar, task: TaskID, now: Progress) -> None:
    pace = f"{now.rate:.1f}/s" if now.rate else ""
    left = f"{duration_words(now.eta)} left" if now.eta is not None and now.left else ""
    bar.update(
        task,
        description=now.name,
        completed=now.done,
        total=max(now.total, 1),
        pace=" ".join(part for part in (pace, left) if part),
        words=_why_it_waits(now) or now.words,
    )


def _waits_for_somebody(now: Progress) -> bool:
    """Say whether nothing goes on before a person acts; a missing worker may come at any moment."""
    by_itself = now.account is None or now.account.resumes_at is not None or now.account.cause == "no_worker"
    return now.state not in ("running", "scheduled") or now.hold is not None or not by_itself


def _refuse_failures(now: Progress) -> None:
    if now.state not in OVER:
        held = now.hold or now.account
        cure = held.cure if held else f"See: python cli.py campaigns show {now.campaign_id}"
        raise Unavailable(f"It waits. {now.question or _why_it_waits(now) or now.state}", cure=cure)
    failed = {state: now.counts[state] for state in NOT_GOT if now.counts[state]}
    if failed:
        state, said = next(iter(failed)), ", ".join(f"{count:,} {state}" for state, count in failed.items())
        raise Unavailable(
            f"Not everybody got it: {said}.",
            cure=f"See: python cli.py campaigns recipients {now.campaign_id} --state {state}",
        )


def _why_it_waits(now: Progress) -> str:
    if now.hold:
        return f"Paused by {now.hold.by or 'somebody'}: {now.hold.reason}"
    return _account_words(now.account) if now.account and now.left else ""


def _account_words(account: Hold) -> str:
    by_itself = f" It goes on by itself at {local(account.resumes_at)}." if account.resumes_at else ""
    return f"{account.reason}{by_itself}"


def _counts(now: Progress) -> str:
    return ", ".join(f"{count:,} {state}" for state, count in now.counts.items() if count) or "none yet"


def _summary(now: Progress) -> str:
    return f"{now.name}: {now.state.replace('_', ' ')}. {_counts(now)}; {now.total:,} in all."


def _facts(now: Progress) -> dict[str, object]:
    return {**asdict(now), "left": now.left}
