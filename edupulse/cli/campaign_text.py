"""What was typed about a campaign's text becomes a draft: options, and files in one language or more."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import click

from edupulse.campaigns.checking import CampaignDraft
from edupulse.errors import Invalid
from edupulse.mail.letters import LetterText
from edupulse.mail.mailing import PURPOSES

Command = TypeVar("Command", bound=Callable[..., Any])

_OF_A_LANGUAGE = re.compile(r"(?P<locale>[a-z]{2,3}(-[A-Za-z0-9]{2,6})?)=(?P<rest>.*)", re.DOTALL)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(frozen=True)
class Written:
    """The options of `text_options` as they were typed; None and empty mean "not given"."""

    name: str | None = None
    subject: tuple[str, ...] = ()
    text: Path | None = None
    html: Path | None = None
    letter: tuple[str, ...] = ()
    purpose: str | None = None
    from_name: str | None = None
    reply_to: str | None = None
    language: str | None = None
    resend_unknown: bool | None = None
    patience_hours: int | None = None


def text_options(command: Command) -> Command:
    """Give a command the options by which a campaign is written."""
    options = (
        click.option("--name", default=None, help="By which you find it again; by default the subject."),
        click.option("--subject", multiple=True, help="The subject; for a further language zh=SUBJECT."),
        click.option("--text", type=_FILE, default=None, help="A file with the text."),
        click.option("--html", type=_FILE, default=None, help="A file with the HTML."),
        click.option("--letter", multiple=True, metavar="zh=FILE",
                     help="The letter in a further language; .html is its HTML, others its text."),
        click.option("--purpose", type=click.Choice(PURPOSES), default=None,
                     help="A newsletter can be unsubscribed from.  [default: newsletter]"),
        click.option("--from-name", default=None, help="The sender's name that people see."),
        click.option("--reply-to", default=None, help="Where answers go."),
        click.option("--language", default=None, help="Of --text and --html.  [default: en]"),
        click.option("--resend-unknown/--never-twice", default=None,
                     help="Where nobody knows whether a mail arrived: send it again, or never."),
        click.option("--patience-hours", type=int, default=None, help="How long a refused mail is tried."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def draft_from(written: Written, before: CampaignDraft | None = None) -> CampaignDraft:
    """Return the draft that the options describe; what is not given stays as `before`. Raises Invalid."""
    draft = _plain(written, before or CampaignDraft())
    subjects = dict(_by_language(written.subject, draft.default_locale))
    draft = replace(
        draft,
        subject=subjects.pop(draft.default_locale, draft.subject),
        text=_read(written.text) if written.text else draft.text,
        html=_read(written.html) if written.html else draft.html,
    )
    letters = dict(draft.letters)
    for locale, subject in subjects.items():
        letters[locale] = replace(letters.get(locale, LetterText("", locale=locale)), subject=subject)
    for locale, name in _by_language(written.letter, ""):
        letters[locale] = _with_file(letters.get(locale, LetterText("", locale=locale)), name)
    return replace(draft, letters=letters)


def _plain(written: Written, before: CampaignDraft) -> CampaignDraft:
    names = ("name", "purpose", "from_name", "reply_to", "resend_unknown", "patience_hours")
    given = {name: value for name in names if (value := getattr(written, name)) is not None}
    if written.language is not None:
        given["default_locale"] = written.language
    return replace(before, **given)


def _by_language(entries: Iterable[str], default: str) -> list[tuple[str, str]]:
    found = []
    for entry in entries:
        match = _OF_A_LANGUAGE.fullmatch(entry)
        if match is None and not default:
            raise Invalid(f"“{entry}” names no language.", cure="Write it as zh=FILE.", field="letter")
        found.append((match["locale"], match["rest"]) if match else (default, entry))
    return found


def _with_file(letter: LetterText, name: str) -> LetterText:
    path = Path(name)
    if not path.is_file():
        raise Invalid(f"There is no file “{name}”.", cure="Check its path.", field="letter")
    part = "html" if path.suffix.lower() in (".html", ".htm") else "text"
    return replace(letter, **{part: _read(path)})


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise Invalid(f"{path.name} is not UTF-8 text.", cure="Save it as UTF-8.", field="text") from None
