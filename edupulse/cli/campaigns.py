"""`campaigns`: written, listed, looked at, copied, thrown away; what else is done with them is in the files beside."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from edupulse.campaigns import drafts, monitor
from edupulse.campaigns.models import STATES, Campaign
from edupulse.campaigns.monitor import Listed
from edupulse.cli import (
    campaign_audience,
    campaign_import,
    campaign_orders,
    campaign_people,
    campaign_progress,
    campaign_trial,
)
from edupulse.cli.campaign_text import Written, draft_from, text_options
from edupulse.cli.command import Noun, actor
from edupulse.cli.output import json_option, page_option, show_facts, show_page, show_rows
from edupulse.cli.row_numbers import ROW_NUMBER
from edupulse.errors import Invalid


@click.group(cls=Noun)
def campaigns() -> None:
    """Mail to many people: written, checked, sent, and accounted for."""


VERBS: dict[str, Callable[..., None]] = {
    **campaign_import.VERBS,
    **campaign_audience.VERBS,
    **campaign_people.VERBS,
    **campaign_trial.VERBS,
    **campaign_orders.VERBS,
    **campaign_progress.VERBS,
}
for verb, command in VERBS.items():
    campaigns.command(verb)(command)


@campaigns.command("list")
@click.option("--state", type=click.Choice(STATES), default=None, help="Only campaigns in this state.")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@page_option
@json_option
def list_campaigns(state: str | None, limit: int, cursor: str, as_json: bool) -> None:
    """List campaigns, newest first."""
    page = monitor.listing(state or "", cursor, limit)
    rows = [_listed(each) for each in page.items]
    columns = ("id", "name", "state", "recipients", "sent", "open", "failed", "created_at")
    empty = "There is no campaign. Write one: python cli.py campaigns create --help"
    show_page(rows, columns, page.next, as_json=as_json, empty=empty)


@campaigns.command()
@text_options
@json_option
def create(as_json: bool, **written: Any) -> None:
    """Write a new campaign; it has no recipients yet.

    The text may be given in several languages: --subject "Summer party" --text party.txt
    --subject "zh=夏季聚会" --letter zh=party.zh.txt
    """
    made = drafts.create(draft_from(Written(**written)), actor=actor())
    show_facts(facts_of(made), as_json=as_json)
    if not as_json:
        click.echo(f"Next, add people: python cli.py campaigns import {made.id} FILE.csv", err=True)


@campaigns.command()
@click.argument("campaign_id", type=ROW_NUMBER)
@text_options
@json_option
def change(campaign_id: int, as_json: bool, **written: Any) -> None:
    """Change what is given of a draft; the rest stays."""
    before = drafts.draft_of(monitor.campaign(campaign_id))
    changed = drafts.change(campaign_id, draft_from(Written(**written), before), actor=actor())
    show_facts(facts_of(changed), as_json=as_json)


@campaigns.command()
@click.argument("campaign_id", type=ROW_NUMBER)
@json_option
def show(campaign_id: int, as_json: bool) -> None:
    """Show one campaign: its text, what is enclosed, its hour."""
    found = monitor.campaign(campaign_id)
    letters = [
        {"language": each.locale, "subject": each.subject, "text": each.text, "html": each.html}
        for each in found.mailing.letters
    ]
    files = [
        {"id": each.id, "filename": each.filename, "bytes": each.size} for each in found.mailing.enclosures
    ]
    if as_json:
        show_facts({**facts_of(found), "letters": letters, "enclosures": files}, as_json=True)
        return
    names = [each["filename"] for each in files]
    show_facts({**facts_of(found), "enclosed": names or None}, as_json=False)
    for letter in letters:
        click.echo(f"\n--- {letter['language']}: {letter['subject']}\n{letter['text'] or letter['html']}")


@campaigns.command()
@click.argument("campaign_id", type=ROW_NUMBER)
@click.option("--with-recipients", is_flag=True, help="Copy the audience too.")
@json_option
def duplicate(campaign_id: int, with_recipients: bool, as_json: bool) -> None:
    """Make a new draft with the same text and files."""
    copy = drafts.duplicate(campaign_id, actor=actor(), with_recipients=with_recipients)
    show_facts(facts_of(copy), as_json=as_json)


@campaigns.command()
@click.argument("campaign_id", type=ROW_NUMBER)
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def delete(campaign_id: int, yes: bool, as_json: bool) -> None:
    """Throw a draft away, with its audience."""
    name = monitor.campaign(campaign_id).name
    if not yes:
        click.confirm(f"Delete “{name}”?", abort=True, err=True)
    drafts.delete(campaign_id, actor=actor())
    show_facts({"id": campaign_id, "name": name, "deleted": True}, as_json=as_json)


@campaigns.command()
@click.argument("campaign_id", type=ROW_NUMBER)
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--remove", "removed", multiple=True, metavar="NAME", help="Take a file out again.")
@json_option
def attach(campaign_id: int, files: tuple[Path, ...], removed: tuple[str, ...], as_json: bool) -> None:
    """Enclose FILES with every mail, or take some out."""
    for path in files:
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        drafts.enclose(campaign_id, path.name, kind, path.read_bytes(), actor=actor())
    for name in removed:
        drafts.take_out(campaign_id, _enclosure(campaign_id, name), actor=actor())
    enclosed = monitor.campaign(campaign_id).mailing.enclosures
    rows = [{"id": each.id, "filename": each.filename, "bytes": each.size} for each in enclosed]
    show_rows(rows, ("filename", "bytes"), as_json=as_json, empty="Nothing is enclosed.")


def facts_of(campaign: Campaign) -> dict[str, object]:
    """Return what there is to know about one campaign beside its text."""
    mailing = campaign.mailing
    return {
        "id": campaign.id,
        "name": campaign.name,
        "state": campaign.state,
        "purpose": mailing.purpose,
        "languages": [letter.locale for letter in mailing.letters],
        "default_language": campaign.default_locale,
        "from_name": mailing.from_name or None,
        "reply_to": mailing.reply_to or None,
        "if_unknown": "send again" if mailing.resend_unknown else "never twice",
        "patience_hours": mailing.patience_hours,
        "scheduled_at": campaign.scheduled_at,
        "launched_at": campaign.launched_at,
        "finished_at": campaign.finished_at,
        "question": campaign.question,
        "created_by": campaign.created_by,
        "created_at": campaign.created_at,
    }


def _listed(each: Listed) -> dict[str, object]:
    counts = each.counts
    return {
        "id": each.campaign.id,
        "name": each.campaign.name,
        "state": each.campaign.state,
        "recipients": each.total,
        "sent": counts["sent"],
        "open": counts["queued"] + counts["sending"] + counts["deferred"],
        "failed": counts["rejected"] + counts["unknown"] + counts["bounced"],
        "counts": counts,
        "created_at": each.campaign.created_at,
    }


def _enclosure(campaign_id: int, name: str) -> int:
    for each in monitor.campaign(campaign_id).mailing.enclosures:
        if name in (each.filename, str(each.id)):
            return each.id
    raise Invalid(f"“{name}” is not enclosed.", cure="See: python cli.py campaigns show ID", field="remove")
