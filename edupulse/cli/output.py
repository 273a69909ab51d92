"""How facts are shown: a table for people, in colour on a terminal, or JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from flask import has_app_context
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from edupulse.cli.strangers import plain
from edupulse.config import current_settings

WIDTH_WITHOUT_TERMINAL = 200  # columns: nothing is cut off in a file or a pipe
GOOD = {"up", "ok", "sent", "finished", "running", "confirmed", "done", "processed"}
DOUBTFUL = {
    "degraded",
    "warning",
    "unknown",
    "deferred",
    "interrupted",
    "missed",
    "asked",
    "late",
    "retrying",
}
BAD = {"down", "problem", "failed", "rejected", "dead", "bounced", "stopped", "quarantined"}

json_option = click.option("--json", "as_json", is_flag=True, help="Print the same facts as JSON.")
page_option = click.option("--page", "cursor", default="", help="Where to go on; the end of a page says it.")


def show_rows(
    rows: Sequence[Mapping[str, object]], columns: Sequence[str], *, as_json: bool, empty: str
) -> None:
    """Print `rows` as a table of `columns`, or all their facts as a JSON list."""
    if as_json:
        print_json(list(rows))
    elif rows:
        console().print(table_of(rows, columns))
    else:
        click.echo(empty)


def show_page(
    rows: Sequence[Mapping[str, object]],
    columns: Sequence[str],
    following: str | None,
    *,
    as_json: bool,
    empty: str,
) -> None:
    """Print a page of a list, and on stderr how to come to the next one where there is one."""
    show_rows(rows, columns, as_json=as_json, empty="Nothing so far." if following else empty)
    say_more(following)


def say_more(following: str | None) -> None:
    """Say on stderr how to come to the next page, where there is one."""
    if following:
        click.echo(f"There are more: add --page {following}", err=True)


def show_facts(facts: Mapping[str, object], *, as_json: bool) -> None:
    """Print the facts of one thing, a line each, or as a JSON object."""
    if as_json:
        print_json(facts)
        return
    grid = Table.grid(padding=(0, 2))
    for name, value in facts.items():
        if value is None:
            continue  # what is not known yet says nothing to a person
        grid.add_row(Text(_title(name), style="bold"), _cell(value))
    console().print(grid)


def print_json(facts: object) -> None:
    """Print `facts` as JSON: times in ISO 8601 and UTC, letters of every script as they are."""
    click.echo(json.dumps(facts, default=_plain, ensure_ascii=False, indent=2))


def line_of_json(facts: object) -> str:
    """Return `facts` as one line of JSON, for what is printed as it happens."""
    return json.dumps(facts, default=_plain, ensure_ascii=False)


def console() -> Console:
    """Return where tables go: colours only on a terminal that wants them."""
    made = Console(highlight=False)
    if not made.is_terminal:
        made.width = WIDTH_WITHOUT_TERMINAL
    return made


def table_of(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> Table:
    """Return `rows` as a table of `columns`."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in columns:
        is_number = all(type(row.get(column)) in (int, float) for row in rows)
        table.add_column(_title(column), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    return table


def local(moment: datetime) -> str:
    """Return `moment` as the organisation's clock shows it, with the zone's abbreviation."""
    zone = ZoneInfo(current_settings().timezone) if has_app_context() else UTC
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _cell(value: object) -> Text:
    text = plain(_shown(value))
    style = "green" if text in GOOD else "yellow" if text in DOUBTFUL else "red" if text in BAD else ""
    return Text(text, style=style)


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return local(value)
    if isinstance(value, dict):
        return json.dumps(value, default=_plain, ensure_ascii=False)
    if isinstance(value, list | tuple | set):
        return ", ".join(_shown(item) for item in value)
    return str(value)


def _plain(value: Any) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Path):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, set | tuple):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not a plain value")
