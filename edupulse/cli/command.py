"""How every command behaves: in the application's context, and with one clear sentence when it cannot."""

from __future__ import annotations

import getpass
import importlib
import json
from collections.abc import Mapping
from typing import IO, Any

import click
from flask.cli import AppGroup
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from edupulse.errors import Conflict, Denied, EduPulseError, Invalid, NotFound, Unavailable

REFUSED = 1  # what was wished cannot be had, or not now
MISTYPED = 2  # the command itself is wrong; click's own code
INTERRUPTED = 130  # Ctrl-C, as shells count it: 128 and the number of the signal

EXPECTED = (EduPulseError, RedisError, DBAPIError, OSError, UnicodeEncodeError)
CODES: tuple[tuple[type[Exception], str], ...] = (  # the API's words for the same
    (NotFound, "not_found"),
    (Invalid, "invalid"),
    (Conflict, "conflict"),
    (Denied, "denied"),
    (Unavailable, "unavailable"),
    (RedisError, "unavailable"),
    (DBAPIError, "unavailable"),
    (click.UsageError, "usage"),
    (UnicodeEncodeError, "invalid"),
)


class Refusal(click.ClickException):
    """A failure on its way to stderr: a sentence for people, with --json the same shape as the API's."""

    exit_code = REFUSED

    def __init__(self, error: Exception, *, as_json: bool) -> None:
        super().__init__(in_words(error))
        self.facts = facts_of(error)
        self.as_json = as_json

    def show(self, file: IO[Any] | None = None) -> None:
        if self.as_json:
            click.echo(json.dumps({"error": self.facts}, ensure_ascii=False), file=file, err=True)
        else:
            super().show(file)


class Mistyped(Refusal):
    """The same of a command that cannot be read."""

    exit_code = MISTYPED


class Command(click.Command):
    """A command that turns an expected failure into a sentence on stderr and an exit code."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        as_json = "--json" in args
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            if as_json:
                raise Mistyped(error, as_json=True) from error
            raise

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except EXPECTED as error:
            if isinstance(error, OSError) and error.filename is None:
                raise  # no file of the operator's; a closed pipe is click's to handle
            raise Refusal(error, as_json=bool(ctx.params.get("as_json"))) from error
        except KeyboardInterrupt:
            click.echo(err=True)  # the prompt begins on a line of its own
            ctx.exit(INTERRUPTED)


class _Nouns(click.Group):
    """What has commands below it: an unknown one is said as everything that is mistyped."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        as_json = "--json" in args
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as refusal:
            error = self._with_near_names(ctx, refusal)
            raise Mistyped(error, as_json=True) if as_json else error from refusal

    def _with_near_names(self, ctx: click.Context, error: click.UsageError) -> click.UsageError:
        if not isinstance(error, click.exceptions.NoSuchCommand):
            return error
        return click.exceptions.NoSuchCommand(error.command_name, None, self.list_commands(ctx), ctx)


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


def in_words(error: Exception) -> str:
    """Return what went wrong and what to do next, without a traceback."""
    facts = facts_of(error)
    return f"{facts['message']} {facts['cure']}".strip()


def facts_of(error: Exception) -> dict[str, object]:
    """Return what went wrong in the shape of the API's errors."""
    message, cure = _said(error)
    code = next((code for kind, code in CODES if isinstance(error, kind)), "refused")
    field = error.facts.get("field") if isinstance(error, EduPulseError) else None
    return {"code": code, "message": message, "cure": cure, "field": field}


def actor() -> str:
    """Return under which name the audit log records what is done here."""
    return f"cli:{getpass.getuser()}"


def _said(error: Exception) -> tuple[str, str]:
    if isinstance(error, EduPulseError):
        return error.message, error.cure
    if isinstance(error, click.UsageError):
        where = error.ctx.command_path if error.ctx else "python cli.py"
        return error.format_message(), f"See: {where} --help"
    if isinstance(error, RedisError):
        kind = type(error).__name__
        return f"Redis cannot be reached ({kind}).", "Start it with ./run up, or check REDIS_URL."
    if isinstance(error, UnicodeEncodeError):
        return "What was typed is not UTF-8 text.", "Look at the letters beyond ASCII."
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}.", "Give another file, or change its permissions."
    return _of_the_database(_reason(error))


def _of_the_database(reason: str) -> tuple[str, str]:
    if "database is locked" in reason:
        return "The database is locked by another program.", "Nothing was changed; try again in a moment."
    if "no such table" in reason or "no such column" in reason or "does not exist" in reason:
        return "The database is not at this version's schema.", "Run: python cli.py db upgrade"
    return (
        f"The database cannot be used: {reason}.",
        "Check DATABASE_URL, then run: python cli.py doctor",
    )


def _reason(error: Exception) -> str:
    lines = str(getattr(error, "orig", error)).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
