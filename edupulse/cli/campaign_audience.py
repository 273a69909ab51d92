"""`campaigns sources|intakes|errors|take-out`: where people come from, what was taken in, who is taken out again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import click

from edupulse.campaigns import audience, monitor
from edupulse.cli.command import actor
from edupulse.cli.output import json_option, show_facts, show_rows
from edupulse.cli.row_numbers import ROW_NUMBER
from edupulse.errors import Invalid, NotFound
from edupulse.mail.people import sources

COLUMNS = ("id", "title", "read", "added", "merged", "rejected", "actor", "created_at")

campaign_argument = click.argument("campaign_id", type=ROW_NUMBER)


@json_option
def list_sources(as_json: bool) -> None:
    """List where people may come from, beside files: `campaigns import ID --event 7`."""
    rows = [
        {"key": source.key, "title": source.title, "option": f"--{source.key} {choice.value}", **vars(choice)}
        for source in sources()
        for choice in source.choices()
    ]
    columns = ("title", "label", "option")
    show_rows(rows, columns, as_json=as_json, empty="There is nobody to choose from.")


@campaign_argument
@json_option
def list_intakes(campaign_id: int, as_json: bool) -> None:
    """List what was taken into the audience, oldest first; read = added + merged + rejected."""
    monitor.campaign(campaign_id)
    names = (*COLUMNS, "source", "facts")
    rows = [{name: getattr(each, name) for name in names} for each in audience.intakes(campaign_id)]
    show_rows(rows, COLUMNS, as_json=as_json, empty="Nobody was taken in yet.")


@campaign_argument
@click.argument("intake_id", type=ROW_NUMBER)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
def errors(campaign_id: int, intake_id: int, file: Path, as_json: bool) -> None:
    """Write the lines of an intake that could not be used, and why, into FILE (CSV)."""
    file.write_bytes(audience.error_file(intake_id, of=campaign_id))
    show_facts({"file": file, "bytes": file.stat().st_size}, as_json=as_json)


@campaign_argument
@click.argument("addresses", nargs=-1, metavar="[ADDRESS]...")
@click.option("--intake", type=ROW_NUMBER, default=None, help="All whom this intake brought.")
@json_option
def take_out(campaign_id: int, addresses: tuple[str, ...], intake: int | None, as_json: bool) -> None:
    """Take people out of the audience of a draft, or undo a whole intake."""
    if bool(addresses) == (intake is not None):
        raise Invalid("Whom?", cure="Name addresses, or one intake with --intake.", field="addresses")
    removed = audience.remove(campaign_id, _ids(campaign_id, addresses), intake_id=intake, actor=actor())
    show_facts({"campaign": campaign_id, "removed": removed}, as_json=as_json)


VERBS: dict[str, Callable[..., None]] = {
    "sources": list_sources,
    "intakes": list_intakes,
    "errors": errors,
    "take-out": take_out,
}


def _ids(campaign_id: int, addresses: Sequence[str]) -> list[int]:
    """Return the people with these addresses; raises NotFound for the first whom nobody has taken in."""
    return [_id(campaign_id, address.strip()) for address in addresses]


def _id(campaign_id: int, address: str) -> int:
    for each in audience.recipients(campaign_id, address).items:
        if each.address.casefold() == address.casefold():
            return each.id
    raise NotFound(
        f"{address[:320]} is not in the audience.",
        cure=f"See: python cli.py campaigns recipients {campaign_id}",
    )
