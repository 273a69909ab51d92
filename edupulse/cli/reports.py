"""`reports`: searched, read, written as a table, made; and who gets them by mail."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from edupulse.cli.command import Noun, actor
from edupulse.cli.output import json_option, page_option, print_json, show_facts, show_page, show_rows
from edupulse.cli.row_numbers import ROW_NUMBER
from edupulse.config import current_settings
from edupulse.reports import orders, reading, subscriptions
from edupulse.reports.models import KINDS, Report, ReportSubscription
from edupulse.reports.periods import title
from edupulse.reports.wording import percent, shown

LOCALES = ("en", "zh")
kind_argument = click.argument("kind", type=click.Choice(KINDS))


@click.group(cls=Noun)
def reports() -> None:
    """Reports of hours, days, weeks and months."""


@reports.command("list")
@click.option("--kind", type=click.Choice(KINDS), default=None, help="Only these.")
@click.option("--search", default="", help="Words of the title or of what is in it.")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@page_option
@json_option
def list_reports(kind: str | None, search: str, limit: int, cursor: str, as_json: bool) -> None:
    """List reports, the newest period first."""
    page = reading.reports(kind or "", search, cursor=cursor, size=limit)
    rows = [_facts(each) for each in page.items]
    columns = ("id", "kind", "title", "made_at", "made_by")
    show_page(rows, columns, page.next, as_json=as_json, empty="No report fits.")


@reports.command()
@click.argument("report_id", type=ROW_NUMBER)
@json_option
def show(report_id: int, as_json: bool) -> None:
    """Show report REPORT_ID, each figure beside the one of the period before."""
    _show(reading.existing(report_id), as_json=as_json)


@reports.command()
@kind_argument
@click.option(
    "--start", default="", help="Of the period: 2026-03-12, 2026-03, 2026-03-12T09; else the last one."
)
@json_option
def make(kind: str, start: str, as_json: bool) -> None:
    """Make the report of a period that is over, or make it anew; nobody is mailed."""
    _show(orders.make_now(kind, start, actor=actor()), as_json=as_json)


@reports.command("csv")
@click.argument("report_id", type=ROW_NUMBER)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A file; else it is printed.")
def table(report_id: int, output: Path | None) -> None:
    """Write the figures of report REPORT_ID as CSV in UTF-8."""
    data = reading.as_csv(reading.existing(report_id))
    if output is None:
        sys.stdout.buffer.write(data)
        return
    output.write_bytes(data)
    click.echo(f"Written to {output}.", err=True)


@reports.command()
@click.option("--kind", type=click.Choice(KINDS), default=None, help="Only of these reports.")
@json_option
def subscribers(kind: str | None, as_json: bool) -> None:
    """List who gets which reports by mail."""
    found = [each for each in subscriptions.subscriptions() if kind in (None, each.kind)]
    rows = [_subscription(each) for each in found]
    show_rows(rows, ("kind", "address", "locale"), as_json=as_json, empty="Nobody gets reports by mail.")


@reports.command()
@kind_argument
@click.argument("address")
@click.option("--language", type=click.Choice(LOCALES), default=None, help="[default: the organisation's]")
@json_option
def subscribe(kind: str, address: str, language: str | None, as_json: bool) -> None:
    """Send the reports of KIND to ADDRESS."""
    locale = language or current_settings().locale
    made = subscriptions.subscribe(kind, address, locale=locale, actor=actor())
    show_facts(_subscription(made), as_json=as_json)


@reports.command()
@kind_argument
@click.argument("address")
@json_option
def unsubscribe(kind: str, address: str, as_json: bool) -> None:
    """Send the reports of KIND to ADDRESS no more."""
    subscriptions.unsubscribe(kind, address, actor=actor())
    show_facts({"kind": kind, "address": address, "ended": True}, as_json=as_json)


def _show(report: Report, *, as_json: bool) -> None:
    rows = [row for row in _figures(report) if as_json or row["value"] or row["before"]]
    if as_json:
        print_json({**_facts(report), "figures": rows})
        return
    show_facts(_facts(report), as_json=False)
    columns = ("section", "figure", "now", "then", "change")
    show_rows(rows, columns, as_json=False, empty="Nothing happened, nor in the period before.")


def _figures(report: Report) -> list[dict[str, Any]]:
    return [
        {
            "section": part.section.key,
            "figure": each.figure.key,
            "currency": each.currency,
            "value": each.value,
            "before": each.before,
            "now": shown(each.value, each.figure.kind, each.currency, "en"),
            "then": shown(each.before, each.figure.kind, each.currency, "en"),
            "change": "" if not each.share else ("+" if each.share > 0 else "-") + percent(each.share, "en"),
        }
        for part in reading.changes(report)
        for each in part.figures
    ]


def _facts(report: Report) -> dict[str, Any]:
    names = ("id", "kind", "starts_at", "ends_at", "timezone", "made_at", "made_by", "times_made")
    facts = {name: getattr(report, name) for name in names}
    return {**facts, "title": title(reading.period_of(report), "en")}


def _subscription(each: ReportSubscription) -> dict[str, Any]:
    return {name: getattr(each, name) for name in ("kind", "address", "locale", "created_at")}
