"""`mail`: what left this house, what did not, and why."""

from __future__ import annotations

from dataclasses import asdict
from io import BytesIO

import click

from edupulse.cli import mail_person
from edupulse.cli.command import Noun, actor
from edupulse.cli.failures import REFUSED
from edupulse.cli.mail_outcomes import cure, facts_of, outcomes_of
from edupulse.cli.message_files import refuse_terminal, write_out
from edupulse.cli.output import json_option, page_option, print_json, show_facts, show_page, show_rows
from edupulse.cli.row_numbers import ROW_NUMBER
from edupulse.cli.suppressions import suppressions
from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.errors import Unavailable
from edupulse.mail import actions, senders
from edupulse.mail.addresses import parse_named
from edupulse.mail.content import raw_mail
from edupulse.mail.models import STATES, Attempt
from edupulse.mail.monitor import DeliveryFilter, deliveries
from edupulse.mail.monitor import delivery as find_delivery
from edupulse.mail.probe import probe
from edupulse.mail.standing import Standing, standing
from edupulse.mail.timeline import entry_of


@click.group(cls=Noun)
def mail() -> None:
    """Mail and the account it leaves through."""


mail.add_command(suppressions)
for verb, command in mail_person.VERBS.items():
    mail.command(verb)(command)


@mail.command()
@click.argument("address")
@click.option("--wait/--no-wait", default=True, help="Wait for the server's answer.")
@json_option
def test(address: str, wait: bool, as_json: bool) -> None:
    """Send a test mail to ADDRESS and say what the server answered.

    First each step to the mail server is tried, so that a wrong host or password is named; where no worker
    runs, the mail is sent from here.
    """
    if wait:
        _require_way_out()
    delivery = actions.send_test(address, actor())
    if wait:
        delivery = outcomes_of([delivery])[0]
    show_facts(facts_of(delivery), as_json=as_json)
    if wait and delivery.state != "sent":
        raise Unavailable(f"The mail was not sent: {delivery.reason or delivery.state}.", cure=cure())


@mail.command()
@json_option
def resume(as_json: bool) -> None:
    """Let sending go on after what stopped it was mended."""
    was_paused = actions.resume_sender(actor())
    if as_json:
        print_json({"was_paused": was_paused})
    elif was_paused:
        click.echo("Sending goes on. Try it with: python cli.py mail test ADDRESS")
    else:
        click.echo("Sending was not paused.")


@mail.command()
@json_option
def status(as_json: bool) -> None:
    """Say whether mail can leave, how fast, and what of it waits for a person. Exit code 1 unless it can."""
    found = standing(now())
    if as_json:
        print_json(asdict(found))
    else:
        show_facts(_page_of(found), as_json=False)
    click.get_current_context().exit(0 if found.state == "up" else REFUSED)


@mail.command("list")
@click.option("--state", type=click.Choice(STATES), default=None, help="Only mails in this state.")
@click.option("--kind", default="", help="Only mails of this kind, e.g. reminder, campaign, test.")
@click.option(
    "--about", default="", metavar="ID", help="Only mails about this event or campaign; with --kind."
)
@click.option("--address", default="", help="Only mails to addresses with this text in them.")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@page_option
@json_option
def list_mails(
    state: str | None, kind: str, about: str, address: str, limit: int, cursor: str, as_json: bool
) -> None:
    """List mails, newest first."""
    filters = DeliveryFilter(state=state or "", kind=kind, address=address, subject_id=about)
    page = deliveries(filters, cursor, limit)
    columns = ("id", "address", "subject", "state", "accepted_at", "sent_at", "reason")
    rows = [facts_of(delivery) for delivery in page.items]
    show_page(rows, columns, page.next, as_json=as_json, empty="No mail matches.")


@mail.command()
@click.argument("delivery_id", type=ROW_NUMBER)
@json_option
def show(delivery_id: int, as_json: bool) -> None:
    """Show one mail, every attempt at it, and what happens next."""
    delivery = find_delivery(delivery_id)
    attempts = [_attempt(attempt) for attempt in delivery.attempts]
    facts = {**facts_of(delivery), "next": entry_of(delivery).next}
    if as_json:
        show_facts({**facts, "attempts": attempts}, as_json=True)
        return
    show_facts(facts, as_json=False)
    click.echo()
    columns = ("at", "server", "phase", "verdict", "code", "text", "ms")
    show_rows(attempts, columns, as_json=False, empty="No attempt yet.")


@mail.command()
@click.argument("delivery_id", type=ROW_NUMBER)
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@json_option
def raw(delivery_id: int, file: str, as_json: bool) -> None:
    """Write a mail into FILE as it goes over the wire, e.g. for a mail program; - is standard output."""
    refuse_terminal(file, as_json=as_json)
    source = BytesIO(raw_mail(find_delivery(delivery_id)))
    write_out(source, file, {"mail": delivery_id}, as_json=as_json)


@mail.command()
@click.argument("delivery_id", type=ROW_NUMBER)
@json_option
def resend(delivery_id: int, as_json: bool) -> None:
    """Send a mail again that is unknown, rejected or cancelled."""
    show_facts(facts_of(actions.resend(delivery_id, actor())), as_json=as_json)


@mail.command()
@click.argument("delivery_id", type=ROW_NUMBER)
@click.option("--arrived/--not-arrived", required=True, help="What the person said.")
@json_option
def settle(delivery_id: int, arrived: bool, as_json: bool) -> None:
    """Record what became of a mail that stands as unknown, after asking the person."""
    show_facts(facts_of(actions.settle(delivery_id, arrived, actor())), as_json=as_json)


def _page_of(found: Standing) -> dict[str, object]:
    """Return how mail stands for people; a limit that nobody has set is left out."""
    names = ("state", "summary", "since", "until", "server", "sender", "provider")
    limits = {name: value for name, value in vars(found.limits).items() if value is not None}
    return {
        **{name: getattr(found, name) for name in names},
        "what_to_do": found.cure or None,
        "limits": [f"{name.replace('_', ' ')} {value}" for name, value in limits.items()],
        "last_24_hours": _counts(found.last_day),
        "to_look_at": _counts(found.attention),
    }


def _counts(found: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in found.items() if count) or "nothing"


def _require_way_out() -> None:
    """Walk to the mail server and back; raise Unavailable at the first step that fails, with its cure."""
    if not current_settings().smtp_server:
        raise Unavailable(senders.NO_SERVER, cure=senders.SET_SERVER)
    sender_address = parse_named(current_settings().default_from_email)[1].mailbox
    for step in probe(senders.account(), sender=sender_address):
        click.echo(f"{'ok' if step.ok else 'FAILED':6} {step.name}: {step.finding}", err=True)
        if not step.ok:
            raise Unavailable(f"The way to the mail server ends at {step.name!r}.", cure=step.cure)
    if actions.resume_sender(actor()):
        click.echo("Sending was paused and goes on.", err=True)


def _attempt(attempt: Attempt) -> dict[str, object]:
    names = ("at", "server", "phase", "verdict", "code", "text", "ms", "worker")
    return {name: getattr(attempt, name) for name in names}
