"""`audit`: who did what to which thing, and what it was before and after."""

from __future__ import annotations

from typing import Any

import click

from edupulse.accounts import audit as acts
from edupulse.accounts.audit import AuditFilter
from edupulse.accounts.models import AuditEntry
from edupulse.cli.command import Noun
from edupulse.cli.instants import earlier
from edupulse.cli.output import json_option, page_option, show_page

NAMES = ("id", "at", "actor", "action", "subject", "detail")


@click.group(cls=Noun)
def audit() -> None:
    """Audit log: who did what, and when."""


@audit.command("list")
@click.option("--actor", default="", help="Only what this one did, e.g. ada@school.example or cli:root.")
@click.option(
    "--action", default="", help="Only this act, e.g. schedule.change, or schedule for all of them."
)
@click.option(
    "--subject", default="", help="Only what was done to this, e.g. event:7, or event for all of them."
)
@click.option(
    "--since", default=None, metavar="TIME", help="Only since then: 2h for two hours ago, 2026-03-12."
)
@click.option("--until", default=None, metavar="TIME", help="Only before then.")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@page_option
@json_option
def list_acts(
    since: str | None, until: str | None, limit: int, cursor: str, as_json: bool, **wanted: Any
) -> None:
    """List acts, newest first, with what was before and after."""
    filters = AuditFilter(
        **wanted,
        since=earlier(since) if since else None,
        until=earlier(until, "until") if until else None,
    )
    page = acts.entries(filters, cursor=cursor, size=limit)
    rows = [_facts(each) if as_json else _row(each) for each in page.items]
    columns = ("at", "actor", "action", "subject", "detail")
    show_page(rows, columns, page.next, as_json=as_json, empty="Nothing was done.")


def _facts(entry: AuditEntry) -> dict[str, object]:
    return {name: getattr(entry, name) for name in NAMES}


def _row(entry: AuditEntry) -> dict[str, object]:
    return {**_facts(entry), "detail": _in_words(entry.detail)}


def _in_words(detail: dict[str, Any]) -> str:
    """Say what changed as "cron: a -> b", and the rest as "name: value"."""
    before, after = detail.get("before"), detail.get("after")
    rest = {name: value for name, value in detail.items() if name not in ("before", "after")}
    if isinstance(before, dict) or isinstance(after, dict):
        was, now = before or {}, after or {}
        changed = [name for name in {**was, **now} if was.get(name) != now.get(name)]
        rest |= {name: f"{_said(was.get(name))} -> {_said(now.get(name))}" for name in changed}
    elif before is not None or after is not None:
        rest["changed"] = f"{_said(before)} -> {_said(after)}"
    return "; ".join(f"{name}: {_said(value)}" for name, value in rest.items() if value not in (None, "", []))


def _said(value: object) -> str:
    if value is None:
        return "nothing"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
