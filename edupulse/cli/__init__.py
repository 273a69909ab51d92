"""The command line: every command by noun and verb, for `python cli.py` and for `flask --app wsgi`."""

from __future__ import annotations

import gc
import importlib
import logging
import sys
from io import TextIOWrapper

import click
from flask import Flask
from flask.cli import ScriptInfo

from edupulse import create_app
from edupulse.cli.command import Catalogue, Root
from edupulse.config import load_settings
from edupulse.logs import configure_logging
from edupulse.version import VERSION

# Where each command is, in the order of the help. Only what is called is imported: who types waits for it.
PLACES = {
    "status": "status:status",
    "doctor": "doctor:doctor",
    "logs": "services:logs",
    "start": "services:start",
    "stop": "services:stop",
    "restart": "services:restart",
    "events": "events:events",
    "reminders": "reminders:reminders",
    "campaigns": "campaigns:campaigns",
    "mail": "mail:mail",
    "people": "people:people",
    "finance": "finance:finance",
    "mailboxes": "mailboxes:mailboxes",
    "messages": "messages:messages",
    "jobs": "jobs:jobs",
    "workflows": "workflows:workflows",
    "schedule": "schedule:schedule",
    "queues": "queues:queues",
    "workers": "workers:workers",
    "users": "users:users",
    "notifications": "notifications:notifications",
    "audit": "audit:audit",
    "backup": "backup:backup",
    "reports": "reports:reports",
    "exports": "exports:exports",
    "cleanup": "cleanup:cleanup",
    "db": "db:database",
    "completion": "completion:completion",
    "demo": "demo:demo",
    "up": "processes:up",
    "worker": "processes:worker",
    "scheduler": "processes:scheduler",
}
WIDEST_HELP = 120  # columns of a text of help, where the terminal has them
PROGRAM = "python cli.py"  # as every cure calls it
COMPLETING = "_EDUPULSE_COMPLETE"  # the variable by which a shell asks what could follow


def register(app: Flask) -> None:
    """Add the commands to `flask --app wsgi`."""
    app.cli = Catalogue(app.cli, PLACES)


def main() -> None:
    """Run `python cli.py NOUN VERB`."""
    root = Root(
        "edupulse",
        PLACES,
        context_settings={"max_content_width": WIDEST_HELP},
        help="Remind people of events, and know what came of it.",
    )
    command = click.version_option(VERSION, prog_name="edupulse")(root)
    if isinstance(sys.stdout, TextIOWrapper):
        # What is done is done: a terminal without these letters must not turn it into a failure.
        sys.stdout.reconfigure(errors="backslashreplace")
    command(prog_name=PROGRAM, obj=ScriptInfo(create_app=_load), complete_var=COMPLETING)


def _load() -> Flask:
    # By name, because this package knows nothing of the jobs.
    catalog = importlib.import_module("jobs.catalog").CATALOG
    settings = load_settings()
    configure_logging(settings)
    # The answer is what a person wants to read here; a worker or the scheduler turns its log on again.
    logging.getLogger().setLevel(logging.ERROR)
    app = create_app(settings, catalog=catalog, serving=False)
    gc.enable()  # the program that called us has put it off
    return app
