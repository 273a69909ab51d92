"""`backup restore`: a backup becomes what there is, while nothing else works."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

import click

from edupulse.cli.backup_bar import bar
from edupulse.cli.command import actor
from edupulse.cli.output import json_option, print_json, show_facts
from edupulse.config import current_settings
from edupulse.embedded.lock import only_stack
from edupulse.embedded.stack import embedded_redis, tidy
from edupulse.embedded.supervisor import Supervisor
from edupulse.upkeep import listing
from edupulse.upkeep.open_mails import CHOICES, DOUBT, HOLD, SEND
from edupulse.upkeep.restore import Restored
from edupulse.upkeep.restore import restore as carry_out

ASK = "Everything that is in the database now is put aside and replaced by the backup {name}. Go on?"
NEXT = {
    HOLD: "No mail leaves now. Look at those that wait, then: python cli.py mail resume",
    DOUBT: "No mail leaves now. Look at those in doubt, and at what waits, then: python cli.py mail resume",
    SEND: "What waits leaves as soon as EduPulse runs.",
}


@click.argument("which", metavar="NAME|PATH|latest")
@click.option(
    "--mails",
    type=click.Choice(CHOICES),
    default=HOLD,
    show_default=True,
    help="Mails that were open in the backup may have left since. hold: none leaves until you resume sending; "
    "doubt: besides, each becomes uncertain, and you say which goes; send: they leave.",
)
@click.option("--force", is_flag=True, help="Also while EduPulse seems to be at work, or Redis is away.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def restore(which: str, mails: str, force: bool, yes: bool, as_json: bool) -> None:
    """Make a backup what there is: "latest", a name in BACKUP_DIR, or a path.

    All of it is verified before anything is touched. What was there is put aside, and put back if it fails.
    """
    path = listing.resolve(which)
    if not yes:
        click.confirm(ASK.format(name=path.name), abort=True, err=True)
    with _alone(), bar("Verifying", quiet=as_json) as progress:
        done = carry_out(path, actor=actor(), mails=mails, force=force, progress=progress)
    _show(done, mails, as_json=as_json)


@contextmanager
def _alone() -> Iterator[None]:
    """Keep the stack of this data folder from starting meanwhile, and let its own Redis run, if it has one."""
    settings = current_settings()
    with only_stack(settings.data_dir):
        programs = embedded_redis(settings)
        if not programs:
            yield
            return
        with Supervisor(programs, settings.data_dir / "log", lambda words: click.echo(words, err=True)):
            yield
        tidy(settings)


def _show(done: Restored, mails: str, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(done))
        return
    facts = {name: value for name, value in asdict(done).items() if name != "notes"}
    show_facts({**facts, "aside": done.aside or None}, as_json=False)
    for note in (*done.notes, NEXT.get(mails, ""), _about_aside(done)):
        if note:
            click.echo(note)


def _about_aside(done: Restored) -> str:
    if not done.aside:
        return ""
    what = "file" if os.sep in done.aside else "schema"
    return f"What was there is kept as the {what} {done.aside}; delete it when all is well."
