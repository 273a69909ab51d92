"""`events`: listed, looked at, entered, changed, called off, restored, brought in from a calendar file."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from edupulse.cli import event_dates, event_people
from edupulse.cli.attendee_lines import people_in
from edupulse.cli.command import Noun, actor
from edupulse.cli.event_facts import facts_of, facts_of_date, page_of, row_of, row_of_entry
from edupulse.cli.event_options import draft_from, event_options
from edupulse.cli.output import json_option, page_option, print_json, show_facts, show_page, show_rows
from edupulse.cli.row_numbers import ROW_NUMBER
from edupulse.cli.strangers import plain
from edupulse.clock import now
from edupulse.errors import Invalid
from edupulse.reminders import events as domain
from edupulse.reminders import monitor
from edupulse.reminders.events import ImportReport
from edupulse.reminders.models import Event
from edupulse.reminders.monitor import EventFilter
from edupulse.reminders.timeline import timeline

WHEN = ("upcoming", "past", "cancelled")
NEXT_DATES = 5

event_argument = click.argument("event_id", type=ROW_NUMBER)


@click.group(cls=Noun)
def events() -> None:
    """Events, their dates and their people."""


events.add_command(event_dates.dates)
events.add_command(event_people.attendees)


@events.command("list")
@click.option("--when", type=click.Choice(WHEN), default="upcoming", show_default=True)
@click.option("--search", default="", help="Only with this text in title, place or description.")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@page_option
@json_option
def list_events(when: str, search: str, limit: int, cursor: str, as_json: bool) -> None:
    """List events, the soonest first, what is past or cancelled the latest first."""
    page = monitor.events(EventFilter(when, search), now(), cursor, limit)
    rows = [_listed(each) if as_json else row_of(each) for each in page.items]
    columns = ("id", "starts", "title", "place", "repeats", "people")
    show_page(rows, columns, page.next, as_json=as_json, empty="There is no such event.")


@events.command()
@event_argument
@json_option
def show(event_id: int, as_json: bool) -> None:
    """Show one event: its next dates, its people, and what they were and will be told."""
    event = monitor.event(event_id)
    dates = [facts_of_date(each) for each in monitor.coming_occurrences(event, now(), NEXT_DATES)]
    story = timeline(event_id)
    if as_json:
        print_json({**facts_of(event), "next_dates": dates, "reminders": [asdict(each) for each in story]})
        return
    show_facts(page_of(event), as_json=False)
    if event.is_series:
        _titled("Next dates", dates, ("date", "starts_at", "location"), "It has no more dates.")
    _titled("People", event_people.rows_of(event), event_people.COLUMNS, "Nobody is on its list.")
    columns = ("for", "about", "kind", "due", "state", "sent", "mail", "why")
    _titled("Reminders", [row_of_entry(each) for each in story], columns, "None is planned.")


@events.command()
@click.argument("title")
@event_options
@click.option(
    "--attendee",
    "people",
    multiple=True,
    metavar="PERSON",
    help='Who comes: "Li <li@school.example>", with remarks in brackets (zh, no mail); can be repeated.',
)
@json_option  # fmt: skip
def create(title: str, people: tuple[str, ...], as_json: bool, **typed: Any) -> None:
    """Enter an event; its reminders are planned at once.

    `events create "Piano" --starts "2026-03-12 18:30" --repeat weekly --times 10 --attendee "Li <li@school.example>"`
    """
    draft = replace(draft_from({**typed, "title": title}), attendees=people_in(people))
    _show(domain.create_event(draft, actor()), as_json=as_json)


@events.command()
@event_argument
@click.option("--title", default=None)
@event_options
@json_option
def change(event_id: int, as_json: bool, **typed: Any) -> None:
    """Change what is given of an event; the rest stays. Who was told something else gets a correction."""
    event = monitor.event(event_id)
    draft = draft_from(typed, domain.draft_of(event))
    _show(domain.change_event(event_id, draft, actor(), revision=event.revision), as_json=as_json)


@events.command()
@event_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def cancel(event_id: int, yes: bool, as_json: bool) -> None:
    """Call an event off; whoever was reminded of it already is told so."""
    event = monitor.event(event_id)
    if not yes:
        click.confirm(f"Call “{event.title}” off, with all its dates?", abort=True, err=True)
    _show(domain.cancel_event(event_id, actor()), as_json=as_json)


@events.command()
@event_argument
@json_option
def restore(event_id: int, as_json: bool) -> None:
    """Let a cancelled event take place after all."""
    _show(domain.restore_event(event_id, actor()), as_json=as_json)


@events.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def import_file(file: Path, as_json: bool) -> None:
    """Bring in the events of a calendar FILE (.ics); the same file twice changes nothing twice."""
    report = domain.import_ics(file.read_bytes(), actor())
    if as_json:
        print_json(_facts_of_import(report))
    else:
        _show_import(report)
    if not report.total:
        raise Invalid(f"{file.name} has no event.", cure="Export it as iCalendar (.ics).", field="file")


def _show(event: Event, *, as_json: bool) -> None:
    show_facts(facts_of(event) if as_json else page_of(event), as_json=as_json)
    if not as_json and not event.attendees and event.email_reminder and not event.is_cancelled:
        click.echo(
            f'Nobody is on its list: python cli.py events attendees add {event.id} "Li <li@school.example>"',
            err=True,
        )


def _listed(each: monitor.Listed) -> dict[str, object]:
    return {**facts_of(each.event), "next_starts_at": each.starts_at, "next_ends_at": each.ends_at}


def _titled(title: str, rows: list[dict[str, object]], columns: tuple[str, ...], empty: str) -> None:
    click.echo(f"\n{title}")
    show_rows(rows, columns, as_json=False, empty=empty)


def _show_import(report: ImportReport) -> None:
    counts = {name: len(getattr(report, name)) for name in ("added", "updated", "unchanged", "rejected")}
    show_facts(counts, as_json=False)
    for sentence in (*report.rejected, *report.notes):
        click.echo(plain(sentence), err=True)


def _facts_of_import(report: ImportReport) -> dict[str, object]:
    known = {
        name: [event.id for event in getattr(report, name)] for name in ("added", "updated", "unchanged")
    }
    return {"total": report.total, **known, "rejected": report.rejected, "notes": report.notes}
