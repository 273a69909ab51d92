"""`events attendees`: who is on the list of an event; put on it, changed, taken off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from edupulse.cli.attendee_lines import people_in
from edupulse.cli.command import Noun, actor
from edupulse.cli.event_facts import facts_of_person
from edupulse.cli.output import json_option, print_json, show_facts, show_rows
from edupulse.cli.row_numbers import ROW_NUMBER
from edupulse.errors import Invalid, NotFound
from edupulse.mail.render import LOCALES
from edupulse.reminders import attendees as lists
from edupulse.reminders import monitor
from edupulse.reminders.models import ATTENDEE_STATES, Attendee, Event
from edupulse.reminders.people import draft_of

COLUMNS = ("id", "name", "email", "status", "locale", "timezone", "gets_no_mail")

event_argument = click.argument("event_id", type=ROW_NUMBER)
person_argument = click.argument("person", metavar="PERSON")


@click.group("attendees", cls=Noun)
def attendees() -> None:
    """Attendees: who is on the list of an event."""


@attendees.command("list")
@event_argument
@json_option
def list_people(event_id: int, as_json: bool) -> None:
    """List the people of an event, and why somebody gets no mail."""
    rows = rows_of(monitor.event(event_id))
    show_rows(rows, COLUMNS, as_json=as_json, empty="Nobody is on its list.")


@attendees.command()
@event_argument
@click.argument("people", nargs=-1, metavar="PERSON...")
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None,
    help="A file with one person a line.",
)
@json_option  # fmt: skip
def add(event_id: int, people: tuple[str, ...], file: Path | None, as_json: bool) -> None:
    """Put people on the list: "Li <li@school.example>", with remarks in brackets: (zh, no mail, accepted).

    They are put on it one after the other; whoever is on it already is refused, and those after them are not put on it.
    """
    lines = [*people, *(file.read_text("utf-8-sig").splitlines() if file else ())]
    if not any(line.strip() for line in lines):
        raise Invalid("Whom?", cure='Name people, "Li <li@school.example>", or a --file.', field="people")
    added = [lists.add_attendee(event_id, person, actor()) for person in people_in(lines)]
    rows = [facts_of_person(each) for each in added]
    show_rows(rows, COLUMNS, as_json=as_json, empty="Nobody is named.")


@attendees.command()
@event_argument
@person_argument
@click.option("--name", default=None)
@click.option("--email", default=None, help='"" for none.')
@click.option(
    "--locale", type=click.Choice(LOCALES), default=None, help="In which language they are written to."
)
@click.option("--timezone", default=None, help='Theirs, where it is not that of the event; "" for that one.')
@click.option("--mail/--no-mail", "wants_mail", default=None, help="Whether they want mail.")
@click.option("--status", type=click.Choice(ATTENDEE_STATES), default=None, help="What they answered.")
@json_option  # fmt: skip
def change(event_id: int, person: str, as_json: bool, **typed: Any) -> None:
    """Change what is given of PERSON, an address or a number of `events attendees list`."""
    attendee = _person(monitor.event(event_id), person)
    given = {name: value for name, value in typed.items() if value is not None}
    if given.get("timezone") == "":
        given["timezone"] = None
    draft = replace(draft_of(attendee), **given)
    changed = lists.change_attendee(event_id, attendee.id, draft, actor())
    show_facts(facts_of_person(changed), as_json=as_json)


@attendees.command()
@event_argument
@person_argument
@json_option
def remove(event_id: int, person: str, as_json: bool) -> None:
    """Take PERSON (an address or a number) off the list; what was planned for them is not sent."""
    attendee = _person(monitor.event(event_id), person)
    facts = facts_of_person(attendee)
    lists.remove_attendee(event_id, attendee.id, actor())
    if as_json:
        print_json({**facts, "removed": True})
    else:
        click.echo(f"{facts['name'] or facts['email']} is off the list.")


def rows_of(event: Event) -> list[dict[str, object]]:
    """Return a line for each person of an event."""
    return [facts_of_person(each) for each in event.attendees]


def _person(event: Event, wanted: str) -> Attendee:
    key = wanted.strip().lower()
    for each in event.attendees:
        if key in (str(each.id), each.address, each.email.lower()):
            return each
    raise NotFound(
        f"“{wanted[:100]}” is not on the list of event {event.id}.",
        cure=f"See: python cli.py events attendees list {event.id}",
    )
