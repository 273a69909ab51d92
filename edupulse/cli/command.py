"""How every command behaves: in the application's context, and with one clear sentence when it cannot."""

from __future__ import annotations

import errno
import getpass
import importlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click
from click.shell_completion import CompletionItem
from flask.cli import AppGroup

from edupulse.cli.failures import EXPECTED, Mistyped, Refusal
from edupulse.errors import Conflict

INTERRUPTED = 130  # Ctrl-C, as shells count it: 128 and the number of the signal


class Command(click.Command):
    """A command that turns an expected failure into a sentence on stderr and an exit code."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        with _mistyped(args):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except EXPECTED as error:
            if isinstance(error, OSError) and error.filename is None and error.errno != errno.ENOSPC:
                raise  # no file of the operator's; a closed pipe is click's to handle
            raise Refusal(error, as_json=bool(ctx.params.get("as_json"))) from error
        except click.Abort as abort:  # somebody, or nobody, answered a question
            if isinstance(abort.__context__, KeyboardInterrupt):
                ctx.exit(INTERRUPTED)
            if isinstance(abort.__context__, EOFError):
                click.echo(err=True)  # nobody has ended the line of the question
            raise Refusal(_unanswered(ctx), as_json=bool(ctx.params.get("as_json"))) from abort
        except KeyboardInterrupt:
            click.echo(err=True)  # the prompt begins on a line of its own
            ctx.exit(INTERRUPTED)


class _Nouns(click.Group):
    """What has commands below it: an unknown one is said as everything that is mistyped."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        with _mistyped(args):
            return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        with _mistyped(args):
            try:
                return super().resolve_command(ctx, args)
            except click.exceptions.NoSuchCommand as error:  # click looks for near names in what is imported
                known = self.list_commands(ctx)
                raise click.exceptions.NoSuchCommand(error.command_name, None, known, ctx) from error


class Noun(_Nouns, AppGroup):
    """A noun; its verbs run in the application's context."""

    command_class = Command


class Root(_Nouns):
    """All commands by name, imported when they are called."""

    def __init__(self, name: str, places: Mapping[str, str], **attributes: Any) -> None:
        super().__init__(name, **attributes)
        self._places = places

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._places)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        return imported(self._places[name]) if name in self._places else None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        # Not as other groups do it: no shell of ours shows the helps, for which all would be imported.
        nouns = [CompletionItem(name) for name in self._places if name.startswith(incomplete)]
        return nouns + click.Command.shell_complete(self, ctx, incomplete)


class Catalogue(AppGroup):
    """The same for `flask`, beside the commands that its extensions have brought along."""

    def __init__(self, others: click.Group, places: Mapping[str, str]) -> None:
        super().__init__(others.name, commands=dict(others.commands))
        self._places = places

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self._places, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        return imported(self._places[name]) if name in self._places else super().get_command(ctx, name)


def imported(place: str) -> click.Command:
    """Return the command at `module:name` below this package."""
    module, _, name = place.partition(":")
    command = getattr(importlib.import_module(f"edupulse.cli.{module}"), name)
    assert isinstance(command, click.Command)  # noqa: S101 - narrows the type
    return command


def actor() -> str:
    """Return under which name the audit log records what is done here."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # in a container the number may have no name
        return f"cli:{os.getuid()}"


@contextmanager
def _mistyped(args: list[str]) -> Iterator[None]:
    """Say what is mistyped in JSON where it was asked for."""
    as_json = "--json" in args  # now: click takes out of the list what it has read
    try:
        yield
    except click.UsageError as error:
        if as_json:
            raise Mistyped(error, as_json=True) from error
        raise


def _unanswered(ctx: click.Context) -> Conflict:
    return Conflict("Nothing was done.", cure="Answer with yes, or add --yes." if "yes" in ctx.params else "")
