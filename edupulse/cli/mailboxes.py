"""`mailboxes`: added, changed, listed, looked at, removed; what else is done with them is in the files beside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from edupulse.cli import mailbox_keys, mailbox_orders, mailbox_trial
from edupulse.cli.command import Noun, actor
from edupulse.cli.inbound_rules import rules
from edupulse.cli.mailbox_facts import facts_of, page_of, row_of
from edupulse.cli.mailbox_options import draft_from, draft_options
from edupulse.cli.mailbox_secrets import saying_how, secret_options, secrets_from
from edupulse.cli.mailbox_trial import require_way_in, tell
from edupulse.cli.output import json_option, print_json, show_facts, show_rows
from edupulse.mailboxes import accounts, monitor
from edupulse.mailboxes.drafts import MailboxDraft, draft_of
from edupulse.mailboxes.signin import connecting

test_option = click.option(
    "--test", is_flag=True, help="Try the connection first; where it fails, nothing is stored."
)


@click.group(cls=Noun)
def mailboxes() -> None:
    """Mailboxes: what is polled, and how that goes."""


mailboxes.add_command(rules)
VERBS: dict[str, Callable[..., None]] = {**mailbox_trial.VERBS, **mailbox_orders.VERBS, **mailbox_keys.VERBS}
for verb, command in VERBS.items():
    mailboxes.command(verb)(command)
# Without the application: it does not start before there is a key.
mailboxes.command("key", with_appcontext=False)(mailbox_keys.key)


@mailboxes.command("list")
@json_option
def list_mailboxes(as_json: bool) -> None:
    """List the mailboxes by name, with their health."""
    found = monitor.listing()
    if as_json:
        print_json([facts_of(each) for each in found])
        return
    columns = (
        "id", "name", "username", "state", "messages", "to_look_at", "in_quarantine", "last_success", "says",
    )  # fmt: skip
    show_rows(
        [row_of(each) for each in found],
        columns,
        as_json=False,
        empty="There is no mailbox. Add one: python cli.py mailboxes add --help",
    )


@mailboxes.command()
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show the mailbox NAME (or its number): how it is read, and how that goes."""
    _show(accounts.by_name(name).id, as_json=as_json)


@mailboxes.command()
@click.argument("name")
@draft_options
@secret_options
@test_option
@json_option
def add(name: str, test: bool, as_json: bool, **typed: Any) -> None:
    """Add the mailbox NAME; it is polled by itself from now on.

    `mailboxes add Office --host imap.163.com --username office@163.com --test` asks for the password, which for 163
    and QQ is the authorisation code and for Gmail an app password.
    """
    secrets = secrets_from(typed, typed["auth"] or "password", ask=True)
    draft = draft_from(typed, MailboxDraft(name=name), secrets)
    with saying_how():
        if test:
            require_way_in(connecting.try_draft(draft))
        added = accounts.add(draft, actor=actor())
    _show(added.id, as_json=as_json)
    if not as_json and not test:
        click.echo(f"Try the connection: python cli.py mailboxes test {added.id}", err=True)


@mailboxes.command("try")
@draft_options
@secret_options
@json_option
def try_out(as_json: bool, **typed: Any) -> None:
    """Try a connection that is not stored, step by step; nothing is fetched, and nothing is kept.

    `mailboxes try --host imap.163.com --username office@163.com`
    """
    secrets = secrets_from(typed, typed["auth"] or "password", ask=True)
    with saying_how():
        tell(connecting.try_draft(draft_from(typed, MailboxDraft(name="Trial"), secrets)), as_json=as_json)


@mailboxes.command()
@click.argument("name")
@click.option("--name", "new_name", default=None, help="How it is called from now on.")
@draft_options
@secret_options
@test_option
@json_option
def edit(name: str, new_name: str | None, test: bool, as_json: bool, **typed: Any) -> None:
    """Change what is given of the mailbox NAME; the rest stays, also its secrets."""
    mailbox = accounts.by_name(name)
    mailbox_id, revision, before = mailbox.id, mailbox.revision, draft_of(mailbox)
    secrets = secrets_from(typed, typed["auth"] or before.auth)
    draft = draft_from({**typed, "name": new_name}, before, secrets)
    with saying_how():
        if test:
            require_way_in(connecting.try_draft(draft, mailbox_id))
        accounts.change(mailbox_id, draft, actor=actor(), revision=revision)
    _show(mailbox_id, as_json=as_json)


@mailboxes.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def remove(name: str, yes: bool, as_json: bool) -> None:
    """Poll the mailbox NAME no more and erase its secrets; its messages stay."""
    mailbox = accounts.by_name(name)
    facts = {"id": mailbox.id, "name": mailbox.name, "removed": True}
    if not yes:
        click.confirm(f"Remove “{mailbox.name}”? Its messages stay.", abort=True, err=True)
    accounts.remove(mailbox.id, actor=actor())
    show_facts(facts, as_json=as_json)


@mailboxes.command()
@click.argument("name")
@json_option
def enable(name: str, as_json: bool) -> None:
    """Poll the mailbox NAME again, forgetting the failures so far."""
    _show(accounts.enable(accounts.by_name(name).id, actor=actor()).id, as_json=as_json)


@mailboxes.command()
@click.argument("name")
@json_option
def disable(name: str, as_json: bool) -> None:
    """Poll the mailbox NAME no more until it is enabled; nothing is lost meanwhile."""
    _show(accounts.disable(accounts.by_name(name).id, actor=actor()).id, as_json=as_json)


def _show(mailbox_id: int, *, as_json: bool) -> None:
    listed = monitor.one(mailbox_id)
    show_facts(facts_of(listed) if as_json else page_of(listed), as_json=as_json)
