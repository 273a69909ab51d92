"""`campaigns recipients|export`: who gets a campaign, and what became of each mail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from edupulse.campaigns import audience, monitor
from edupulse.campaigns.export import export as exported
from edupulse.campaigns.models import Recipient
from edupulse.cli.output import json_option, page_option, show_facts, show_page
from edupulse.cli.row_numbers import ROW_NUMBER
from edupulse.errors import Invalid
from edupulse.mail.models import STATES, Delivery

PEOPLE: tuple[str, ...] = ("address", "name", "locale", "fields")
MAILS: tuple[str, ...] = ("address", "name", "state", "sent_at", "reason")


@click.argument("campaign_id", type=ROW_NUMBER)
@click.option("--state", type=click.Choice(STATES), default=None, help="Only mails in this state.")
@click.option("--search", default="", help="A whole address, or a part of a name or address.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@page_option
@json_option
def recipients(
    campaign_id: int, state: str | None, search: str, limit: int, cursor: str, as_json: bool
) -> None:
    """List the people of a campaign, once it has begun with what became of each mail."""
    if monitor.campaign(campaign_id).frozen_at is None and state is None:
        people = audience.recipients(campaign_id, search, cursor, size=limit)
        rows, columns, following = [_person(each) for each in people.items], PEOPLE, people.next
    else:
        mails = monitor.deliveries(campaign_id, state or "", search, cursor, limit)
        rows, columns, following = [_mail(each) for each in mails.items], MAILS, mails.next
    show_page(rows, columns, following, as_json=as_json, empty="Nobody matches.")


@click.argument("campaign_id", type=ROW_NUMBER)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
def export(campaign_id: int, file: Path, as_json: bool) -> None:
    """Write every recipient with state, reason and the server's words into FILE.csv or FILE.xlsx."""
    kind = file.suffix.lower().lstrip(".")
    if kind not in ("csv", "xlsx"):
        raise Invalid(
            f"“{file.name}” is neither CSV nor XLSX.", cure="End the name in .csv or .xlsx.", field="file"
        )
    pieces = exported(
        campaign_id, kind
    )  # before the file is opened: a campaign that is not there empties none
    with file.open("wb") as out:
        for piece in pieces:
            out.write(piece)
    show_facts({"file": file, "bytes": file.stat().st_size}, as_json=as_json)


VERBS: dict[str, Callable[..., None]] = {"recipients": recipients, "export": export}


def _person(each: Recipient) -> dict[str, object]:
    return {
        "id": each.id,
        "address": each.address,
        "name": each.name,
        "locale": each.locale,
        "fields": each.fields,
    }


def _mail(each: Delivery) -> dict[str, object]:
    return {
        "delivery_id": each.id,
        "address": each.address,
        "name": each.recipient_name,
        "locale": each.locale,
        "state": each.state,
        "reason": each.reason,
        "sent_at": each.sent_at,
    }
