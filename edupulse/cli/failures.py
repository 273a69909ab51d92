"""How a failure is said: one sentence with the next step on stderr, with --json the shape of the API's errors."""

from __future__ import annotations

import json
from typing import IO, Any

import click
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from edupulse.errors import Conflict, Denied, EduPulseError, Invalid, NotFound, Unavailable

REFUSED = 1  # what was wished cannot be had, or not now
MISTYPED = 2  # the command itself is wrong; click's own code

EXPECTED = (EduPulseError, RedisError, DBAPIError, OSError, UnicodeError)
CODES: tuple[tuple[type[Exception], str], ...] = (  # the API's words for the same
    (NotFound, "not_found"),
    (Invalid, "invalid"),
    (Conflict, "conflict"),
    (Denied, "denied"),
    (Unavailable, "unavailable"),
    (RedisError, "unavailable"),
    (DBAPIError, "unavailable"),
    (click.UsageError, "usage"),
    (UnicodeError, "invalid"),
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


def _said(error: Exception) -> tuple[str, str]:
    if isinstance(error, EduPulseError):
        return error.message, error.cure
    if isinstance(error, click.UsageError):
        where = error.ctx.command_path if error.ctx else "python cli.py"
        return error.format_message(), f"See: {where} --help"
    if isinstance(error, RedisError):
        kind = type(error).__name__
        return f"Redis cannot be reached ({kind}).", "Start it with ./run up, or check REDIS_URL."
    if isinstance(error, UnicodeError):
        return (
            "What was given is not UTF-8 text.",
            "Look at the letters beyond ASCII, or save the file as UTF-8.",
        )
    if isinstance(error, OSError) and error.filename is None:
        return (
            f"The answer cannot be written: {error.strerror}.",
            "Make room; what was asked for may be done.",
        )
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
