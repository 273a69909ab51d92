"""How every command behaves: in the application's context, and with one clear sentence when it cannot."""

from __future__ import annotations

import getpass
from typing import Any

import click
from flask.cli import AppGroup
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from edupulse.errors import EduPulseError

EXPECTED = (EduPulseError, RedisError, DBAPIError)


class Command(click.Command):
    """A command that turns an expected failure into a sentence on stderr and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except EXPECTED as error:
            raise click.ClickException(in_words(error)) from error


class Noun(AppGroup):
    """A noun; its verbs run in the application's context."""

    command_class = Command


class Root(click.Group):
    """All nouns."""

    command_class = Command


def in_words(error: Exception) -> str:
    """Return what went wrong and what to do next, without a traceback."""
    if isinstance(error, EduPulseError):
        return str(error)
    if isinstance(error, RedisError):
        return (
            f"Redis cannot be reached ({type(error).__name__}). Start it with ./run up, or check REDIS_URL."
        )
    reason = _reason(error)
    if "database is locked" in reason:
        return "The database is locked by another program. Nothing was changed; try again in a moment."
    if "no such table" in reason or "no such column" in reason or "does not exist" in reason:
        return "The database is not at this version's schema. Run: python cli.py db upgrade"
    return f"The database cannot be used: {reason}. Check DATABASE_URL, then run: python cli.py doctor"


def actor() -> str:
    """Return under which name the audit log records what is done here."""
    return f"cli:{getpass.getuser()}"


def _reason(error: Exception) -> str:
    lines = str(getattr(error, "orig", error)).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
