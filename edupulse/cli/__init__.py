"""The command line: every command by noun and verb, for `python cli.py` and for `flask --app wsgi`."""

from __future__ import annotations

import importlib
import logging
from typing import cast

import click
from flask import Flask
from flask.cli import ScriptInfo

from edupulse.cli import (
    audit,
    campaigns,
    completion,
    db,
    demo,
    doctor,
    events,
    jobs,
    mail,
    mailboxes,
    messages,
    processes,
    queues,
    reminders,
    schedule,
    services,
    status,
    tokens,
    users,
    workers,
    workflows,
)
from edupulse.cli.command import Root
from edupulse.version import VERSION

COMMANDS: tuple[click.Command, ...] = (
    status.status,
    doctor.doctor,
    services.logs,
    services.start,
    services.stop,
    services.restart,
    events.events,
    reminders.reminders,
    campaigns.campaigns,
    mail.mail,
    mailboxes.mailboxes,
    messages.messages,
    jobs.jobs,
    workflows.workflows,
    schedule.schedule,
    queues.queues,
    workers.workers,
    users.users,
    audit.audit,
    db.database,
    completion.completion,
    demo.demo,
    processes.up,
    processes.worker,
    processes.scheduler,
)

WIDEST_HELP = 120  # columns of a text of help, where the terminal has them

users.users.add_command(tokens.tokens)


def register(app: Flask) -> None:
    """Add the commands to `flask --app wsgi`."""
    for command in COMMANDS:
        app.cli.add_command(command)


def main() -> None:
    """Run `python cli.py NOUN VERB`."""
    root = Root(
        "edupulse",
        commands=list(COMMANDS),
        context_settings={"max_content_width": WIDEST_HELP},
        help="Remind people of events, and know what came of it.",
    )
    root = click.version_option(VERSION, prog_name="edupulse")(root)
    root(obj=ScriptInfo(create_app=_load), complete_var=completion.VARIABLE)


def _load() -> Flask:
    # By name, because this package knows nothing of the jobs that wsgi.py brings along.
    app = cast(Flask, importlib.import_module("wsgi").app)
    # The answer is what a person wants to read here; a worker or the scheduler turns its log on again.
    logging.getLogger().setLevel(logging.ERROR)
    return app
