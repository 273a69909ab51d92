"""`mailboxes poll|audit|sync`: what is ordered about mailboxes, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import click

from edupulse.cli.command import actor
from edupulse.cli.output import json_option, show_facts
from edupulse.cli.waiting import wait_for
from edupulse.clock import now
from edupulse.control import monitor as runs
from edupulse.control.models import JobRun
from edupulse.errors import Conflict, Unavailable
from edupulse.mailboxes import accounts, orders, syncing
from edupulse.mailboxes.models import Mailbox

wait_option = click.option("--wait/--no-wait", default=True, help="Wait for the outcome.")
NOT_POLLED = {
    "skipped_locked": "It is being read already",
    "skipped_disabled": "It is switched off",
    "skipped_overtaken": "It was changed while it was read",
    "skipped_full": "The workers poll as many other mailboxes as they can; it follows within seconds",
}


@click.argument("name")
@wait_option
@json_option
def poll(name: str, wait: bool, as_json: bool) -> None:
    """Poll the mailbox NAME now, also where it waits after a failure."""
    mailbox = accounts.by_name(name)
    run = _outcome_of(orders.poll_now(mailbox.id, actor=actor()), wait=wait)
    _show(mailbox, run, ("outcome", "new", "known", "left"), as_json=as_json)
    if wait:
        _require_polled(mailbox.id, run)


@click.argument("name")
@wait_option
@json_option
def audit(name: str, wait: bool, as_json: bool) -> None:
    """Compare what the server holds with what is stored here; what is missing is fetched."""
    mailbox = accounts.by_name(name)
    run = _outcome_of(orders.audit_now(mailbox.id, actor=actor()), wait=wait)
    _show(mailbox, run, ("server", "missing", "fetched"), as_json=as_json)
    if wait and (run.state != "finished" or "passed_over" in _result(run)):
        raise Unavailable(
            "It could not be compared now.", cure=f"See: python cli.py mailboxes test {mailbox.id}"
        )


@json_option
def sync(as_json: bool) -> None:
    """Make the schedules match the mailboxes; the clock does so by itself every few minutes."""
    show_facts(asdict(syncing.sync_now(actor=actor())), as_json=as_json)


VERBS: dict[str, Callable[..., None]] = {"poll": poll, "audit": audit, "sync": sync}


def _outcome_of(run: JobRun, *, wait: bool) -> JobRun:
    """Wait until the run is over; raises Unavailable at once when nobody is there to work on it."""
    if not wait:
        return run
    workers = runs.workers_service(now())
    if workers.state == "down":
        raise Unavailable(f"It is queued as run {run.id}. {workers.summary}", cure=workers.cure)
    return wait_for(lambda: runs.run(run.id), lambda found: found.is_final, what=f"Run {run.id}")


def _show(mailbox: Mailbox, run: JobRun, names: tuple[str, ...], *, as_json: bool) -> None:
    result = _result(run)
    facts: dict[str, object] = {"mailbox": mailbox.name, "run": run.id, "state": run.state}
    show_facts({**facts, **{name: result.get(name) for name in names}}, as_json=as_json)


def _require_polled(mailbox_id: int, run: JobRun) -> None:
    result = _result(run)
    outcome = str(result.get("outcome", ""))
    if outcome in NOT_POLLED:
        raise Conflict(str(result.get("why") or f"{NOT_POLLED[outcome]}."), cure="Look again in a moment.")
    if outcome == "failed":
        mailbox = accounts.existing(mailbox_id)
        raise Unavailable(str(result.get("why") or mailbox.error), cure=mailbox.cure or "")
    if run.state != "finished":
        raise Unavailable(f"The run has {run.state}.", cure=f"See: python cli.py jobs status {run.id}")


def _result(run: JobRun) -> dict[str, Any]:
    return run.result if isinstance(run.result, dict) else {}
