"""Where a mailbox's secrets come from: a hidden prompt, a file or standard input; never an argument that others see."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from edupulse.errors import EduPulseError, Invalid
from edupulse.mailboxes.draft_fields import LONGEST_SECRET
from edupulse.mailboxes.drafts import SECRETS

Command = TypeVar("Command", bound=Callable[..., Any])

STDIN = "-"
LONGEST_BYTES = 4 * LONGEST_SECRET + 2  # more is refused as too long
# What each way to sign in needs, in the order in which it is asked for; Microsoft takes either.
ASKED = {
    "password": ("password",),
    "google": ("client_secret", "refresh_token"),
    "microsoft": ("client_secret", "refresh_token"),
}
HOW = "Add --ask to type it hidden, or --{option}-file FILE (- is standard input)."


def secret_options(command: Command) -> Command:
    """Give a command the ways to hand over secrets."""
    file = click.Path(exists=True, dir_okay=False, allow_dash=True)
    options = (
        click.option("--password-file", type=file, default=None,
                     help="A file with nothing but the password; - is standard input."),
        click.option("--password-stdin", is_flag=True, help="Read the password from standard input."),
        click.option("--client-secret-file", type=file, default=None,
                     help="A file with the application's client secret."),
        click.option("--refresh-token-file", type=file, default=None,
                     help="A file with the refresh token of the mailbox's person."),
        click.option("--ask", is_flag=True, help="Ask for the secrets; what is typed is not shown."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def secrets_from(options: dict[str, Any], auth: str, *, ask: bool = False) -> dict[str, str]:
    """Take the options of `secret_options` out of `options`; return the secrets by name, those not given left out.

    With `ask`, or where --ask says so, what signing in by `auth` needs and no file gave is asked for. Raises Invalid.
    """
    files = {name: options.pop(f"{name}_file") for name in SECRETS}
    if options.pop("password_stdin"):
        if files["password"] is not None:
            raise Invalid(
                "--password-stdin and --password-file exclude each other.", cure="Give one of them."
            )
        files["password"] = STDIN
    wants_prompt = options.pop("ask")
    given = {name: _read(name, file) for name, file in files.items() if file is not None}
    missing = [name for name in ASKED[auth] if name not in given]
    if wants_prompt or (ask and not given):
        given |= _typed(missing, may_be_empty=auth == "microsoft")
    return given


@contextmanager
def saying_how() -> Iterator[None]:
    """Add to the refusal of a lacking secret how it is handed over here."""
    try:
        yield
    except EduPulseError as error:
        if error.facts.get("field") in SECRETS and not error.cure:
            error.cure = HOW.format(option=str(error.facts["field"]).replace("_", "-"))
        raise


def _typed(names: list[str], *, may_be_empty: bool) -> dict[str, str]:
    if not _is_terminal():
        option = (names or ["password"])[0].replace("_", "-")
        raise Invalid(
            "There is no terminal to ask for secrets.",
            cure=f"Add --{option}-file FILE (- is standard input).",
        )
    default = "" if may_be_empty else None
    answers = {
        name: click.prompt(
            _title(name, may_be_empty), hide_input=True, default=default, show_default=False, err=True
        )
        for name in names
    }
    return {name: answer for name, answer in answers.items() if answer}


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _title(name: str, may_be_empty: bool) -> str:
    words = name.replace("_", " ").capitalize()
    return f"{words} (Enter: none)" if may_be_empty else words


def _read(name: str, file: str) -> str:
    """Return the secret in `file`; from standard input it is one line, so that it can carry several."""
    what = name.replace("_", " ")
    found = sys.stdin.buffer.readline(LONGEST_BYTES) if file == STDIN else _content(file)
    secret = _text(found)
    if secret is None:
        raise Invalid(f"The {what} is not text.", cure="Write only the secret there, in UTF-8.", field=name)
    if not secret:
        raise Invalid(f"The {what} is empty.", cure="Check what it was read from.", field=name)
    return secret


def _content(file: str) -> bytes:
    try:
        with Path(file).open("rb") as source:
            return source.read(LONGEST_BYTES)
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}.", cure="Check who may read it.") from None


def _text(found: bytes) -> str | None:
    try:
        return found.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:  # it would carry the bytes
        return None
