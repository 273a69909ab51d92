"""`campaigns preflight|preview|test`: a campaign is looked at before anybody gets it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from edupulse.campaigns import drafts, monitor
from edupulse.campaigns.checking import CampaignDraft
from edupulse.campaigns.checks.finding import Finding, Report
from edupulse.campaigns.checks.sizes import size_words
from edupulse.campaigns.preflight import preflight as inspected
from edupulse.campaigns.preview import Preview, extremes, preview, send_test
from edupulse.cli import mail_outcomes as mails
from edupulse.cli.campaign_text import Written, draft_from, text_options
from edupulse.cli.command import actor
from edupulse.cli.output import console, json_option, print_json, show_facts, show_rows
from edupulse.cli.row_numbers import ROW_NUMBER
from edupulse.cli.strangers import plain
from edupulse.errors import Conflict, Unavailable

COLOURS = {"red": "red", "amber": "yellow", "green": "green"}
# A mail that is looked at in a browser may do nothing there: no scripts, nothing fetched from elsewhere.
HARMLESS = (
    '<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n"
)


@click.argument("campaign_id", type=ROW_NUMBER)
@json_option
def preflight(campaign_id: int, as_json: bool) -> None:
    """Try everything that can be tried without sending: fields, addresses, sizes, account, limits."""
    report = inspected(campaign_id)
    if as_json:
        print_json(_facts(report))
    else:
        for finding in report.findings:
            _show_finding(finding)
    if not report.is_ready:
        count = len(report.of("red"))
        raise Conflict(
            f"{count} {'thing stands' if count == 1 else 'things stand'} in the way.",
            cure="Mend what is red.",
        )


@click.argument("campaign_id", type=ROW_NUMBER)
@click.option(
    "--as", "person", default=None, metavar="ADDRESS", help="As this recipient; else the first one."
)
@click.option(
    "--extreme", is_flag=True, help="As those whose mails break first: longest name, empty fields, largest."
)
@click.option("--open", "in_browser", is_flag=True, help="Show the HTML in a browser.")
@text_options
@json_option
def preview_mail(
    campaign_id: int, person: str | None, extreme: bool, in_browser: bool, as_json: bool, **written: Any
) -> None:
    """Show the mail as one person will get it; with --subject, --text ... as it would be, and nothing is saved."""
    draft = _unsaved(campaign_id, written)
    wanted = {what: each.id for what, each in extremes(campaign_id).items()} if extreme else {"": person}
    found = {what: preview(campaign_id, who, draft) for what, who in wanted.items()}
    if as_json:
        facts = [_preview_facts(seen) for seen in found.values()]
        print_json(facts if extreme else facts[0])
        return
    for what, seen in found.items():
        if what:
            click.echo(f"=== {what}")
        _show_preview(seen)
        if in_browser:
            _open(seen)


@click.argument("campaign_id", type=ROW_NUMBER)
@click.argument("addresses", nargs=-1, metavar="ADDRESS...")
@click.option("--to", multiple=True, metavar="ADDRESS", help="The same, as an option; can be repeated.")
@click.option(
    "--as", "person", default=None, metavar="ADDRESS", help="As this recipient; else the first one."
)
@click.option("--wait/--no-wait", default=True, help="Wait for the server's answers.")
@text_options
@json_option
def send_test_mail(
    campaign_id: int,
    addresses: tuple[str, ...],
    to: tuple[str, ...],
    person: str | None,
    wait: bool,
    as_json: bool,
    **written: Any,
) -> None:
    """Send the mail to a few addresses for trial: marked [TEST], counted nowhere.

    With --subject, --text ... as it would be, and nothing is saved.
    """
    draft = _unsaved(campaign_id, written)
    sent = send_test(campaign_id, [*addresses, *to], as_recipient=person, draft=draft, actor=actor())
    if wait:
        sent = mails.outcomes_of(sent)
    columns = ("address", "subject", "state", "reason", "sent_at")
    show_rows([mails.facts_of(each) for each in sent], columns, as_json=as_json, empty="Nothing was sent.")
    if wait and any(each.state != "sent" for each in sent):
        raise Unavailable("Not every test mail was sent.", cure=mails.cure())


VERBS: dict[str, Callable[..., None]] = {
    "preflight": preflight,
    "preview": preview_mail,
    "test": send_test_mail,
}


def _unsaved(campaign_id: int, written: dict[str, Any]) -> CampaignDraft | None:
    """Return the saved text with what was given of it, None where nothing was."""
    if not any(written.values()):
        return None
    saved = drafts.draft_of(monitor.campaign(campaign_id))
    return drafts.check(draft_from(Written(**written), saved))


def _facts(report: Report) -> dict[str, object]:
    return {
        "ready": report.is_ready,
        "recipients": report.recipients,
        "bytes_largest": report.bytes_largest,
        "eta_seconds": report.eta,
        "binding": report.binding,
        "words": report.words,
        "plan_by_day": report.plan_by_day,
        "findings": [asdict(finding) for finding in report.findings],
    }


def _show_finding(finding: Finding) -> None:
    line = Text()
    line.append(f"{finding.level:6}", style=COLOURS[finding.level]).append(f"{finding.what} ", style="bold")
    line.append(" ".join(part for part in (finding.detail, finding.cure) if part))
    if finding.examples:
        more = ", ..." if finding.count > len(finding.examples) else ""
        line.append(f" ({', '.join(finding.examples)}{more})", style="dim")
    console().print(line)


def _preview_facts(seen: Preview) -> dict[str, object]:
    return {
        "to": seen.person.address,
        "name": seen.person.recipient_name,
        "made_up": seen.is_made_up,
        "language": seen.letter_locale,
        "from": seen.sender,
        "subject": seen.subject,
        "text": seen.text,
        "html": seen.html,
        "headers": dict(seen.reading.headers),
        "bytes": seen.size,
        "empty_fields": list(seen.empty),
        "enclosures": list(seen.enclosures),
    }


def _show_preview(seen: Preview) -> None:
    name = f"{seen.person.recipient_name} <{seen.person.address}>".strip()
    facts = {
        "from": seen.sender,
        "to": f"{name} (made up)" if seen.is_made_up else name,
        "subject": seen.subject,
        "size": size_words(seen.size),
        "enclosed": list(seen.enclosures) or None,
        "empty_fields": list(seen.empty) or None,
    }
    show_facts(facts, as_json=False)
    click.echo(f"\n{plain(seen.text)}")


def _open(seen: Preview) -> None:
    body = seen.html or f"<pre>{click.unstyle(seen.text)}</pre>"
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", prefix="mail-", suffix=".html", delete=False
    ) as file:
        file.write(HARMLESS + body)
    click.launch(Path(file.name).as_uri())
    click.echo(f"The HTML is in {file.name}", err=True)
