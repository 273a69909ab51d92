"""`reminders`: what comes next, why somebody did or did not get one, and sending by hand."""

from __future__ import annotations

from dataclasses import asdict

import click

from edupulse.cli import mail_outcomes as mails
from edupulse.cli.command import Noun, actor
from edupulse.cli.output import json_option, show_facts, show_rows
from edupulse.cli.row_numbers import ROW_NUMBER
from edupulse.clock import now
from edupulse.errors import Unavailable
from edupulse.mail.models import Delivery
from edupulse.reminders import cleanup as old
from edupulse.reminders import due, send, upcoming
from edupulse.reminders import why as explaining
from edupulse.reminders.cleanup import CleanupReport


@click.group(cls=Noun)
def reminders() -> None:
    """Reminders of events."""


@reminders.command("upcoming")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@json_option
def list_upcoming(limit: int, as_json: bool) -> None:
    """List what will be sent next."""
    coming = upcoming.upcoming(now(), limit)
    columns = ("due_at", "event_id", "title", "name", "address", "starts_at")
    show_rows([asdict(entry) for entry in coming], columns, as_json=as_json, empty="No reminder is planned.")
    # What holds up every mail stands at each of them: for a person once is enough.
    for warning in dict.fromkeys(entry.warning for entry in coming if entry.warning):
        click.echo(f"Note: {warning}", err=True)


@reminders.command()
@json_option
def check(as_json: bool) -> None:
    """Hand over every reminder that is due, now."""
    show_facts(due.check(now()), as_json=as_json)


@reminders.command("send")
@click.argument("event_id", type=ROW_NUMBER)
@click.option("--again", is_flag=True, help="Also to those who got it by hand already.")
@click.option("--wait/--no-wait", default=True, help="Wait for the outcome of every mail.")
@json_option
def send_now(event_id: int, again: bool, wait: bool, as_json: bool) -> None:
    """Send the reminder of event EVENT_ID now, whatever its time, and wait for the outcome."""
    deliveries = send.send_now(event_id, actor=actor(), again=again)
    if wait:
        deliveries = [mails.outcome_of(delivery) for delivery in deliveries]
    columns = ("address", "state", "reason", "sent_at")
    rows = [mails.facts_of(delivery) for delivery in deliveries]
    show_rows(rows, columns, as_json=as_json, empty="Nobody wants a reminder of this event.")
    if wait:
        _require_sent(event_id, deliveries)


@reminders.command()
@click.argument("event_id", type=ROW_NUMBER)
@click.argument("address")
@json_option
def why(event_id: int, address: str, as_json: bool) -> None:
    """Say why ADDRESS did or did not get the reminder of event EVENT_ID."""
    answer = explaining.why(event_id, address, now())
    if as_json:
        show_facts(asdict(answer), as_json=True)
    else:
        click.echo(str(answer))


@reminders.command()
@click.option(
    "--older-than",
    type=click.IntRange(0, 36_600),
    default=old.KEPT_DAYS,
    show_default=True,
    help="Days since the end.",
)
@click.option("--remove", is_flag=True, help="Remove them; without it they are only listed.")
@json_option
def cleanup(older_than: int, remove: bool, as_json: bool) -> None:
    """List, or remove, events that are over and settled."""
    report = old.cleanup(older_than, dry_run=not remove, actor=actor())
    if as_json:
        show_facts(asdict(report), as_json=True)
        return
    rows = [asdict(event) for event in report.shown]
    show_rows(rows, ("id", "title", "ended_at"), as_json=False, empty="No event is old enough.")
    click.echo(_conclusion(report))


def _conclusion(report: CleanupReport) -> str:
    what = f"{report.events} events and {report.reminders} reminders"
    return f"{what} would be removed. Add --remove to do it." if report.dry_run else f"{what} were removed."


def _require_sent(event_id: int, deliveries: list[Delivery]) -> None:
    unsent = [delivery for delivery in deliveries if delivery.state != "sent"]
    if unsent:
        names = ", ".join(f"{delivery.address} ({delivery.state})" for delivery in unsent)
        cure = f"See: python cli.py reminders why {event_id} {unsent[0].address}"
        raise Unavailable(f"Not sent: {names}.", cure=cure)
