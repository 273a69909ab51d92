"""What templates may ask for: words for values, addresses of assets and pages, who may do what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Flask, current_app, request, url_for
from flask_login import current_user
from markupsafe import Markup, escape

from edupulse import clock
from edupulse.campaigns.checks.sizes import size_words
from edupulse.mail.content import headline
from edupulse.operations import role_of
from edupulse.reminders.recurrence import describe_rrule
from edupulse.web import moments
from edupulse.web.changes import changes
from edupulse.web.instants import field_value
from edupulse.web.lead_words import lead
from edupulse.web.words import INBOUND_KINDS, KINDS, SERVICES, state_of

LONGEST_BRIEF = 110  # characters


def register(app: Flask) -> None:
    """Give the templates of `app` these words."""
    times = (moments.moment, moments.ago, moments.span, moments.late, moments.when, moments.on_its_clock)
    parts = (moments.month, moments.weekday, moments.hour, moments.whole_day)
    numbers = (counted, grouped, percent)
    sentences = (lead, headline, brief, coded, capitalize_first, describe_rrule)
    filters = (*times, *parts, *numbers, *sentences, pretty, plain, shown, field_value)
    app.jinja_env.filters.update({word.__name__: word for word in filters})
    app.jinja_env.globals.update(
        asset=asset, may=may, with_arguments=with_arguments, state_of=state_of, kinds=KINDS
    )
    app.jinja_env.globals.update(part_names=SERVICES, now=clock.now, no_time=timedelta(0))
    app.jinja_env.globals.update(
        inbound_words=INBOUND_KINDS, size_words=size_words, role_of=partial(role_of, "web"), changes=changes
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def brief(arguments: Mapping[str, Any]) -> str:
    """Return a job's arguments on one short line: "event_id 7, note hello"."""
    said = ", ".join(f"{name} {json.dumps(value, ensure_ascii=False)}" for name, value in arguments.items())
    return said if len(said) <= LONGEST_BRIEF else said[:LONGEST_BRIEF] + "…"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return "1 mail" or "3 mails"."""
    return f"{grouped(number)} {noun if number == 1 else plural or noun + 's'}"


def grouped(number: int) -> str:
    """Return "12 500": digits in groups of three."""
    return f"{number:,}".replace(",", "\u2009")


def percent(share: float | None) -> str:
    """Return a share as "12 %", with a decimal where it is small; a dash for None."""
    if share is None:
        return "–"
    hundredths = share * 100
    if 0 < hundredths < 0.1:
        return "< 0.1 %"
    return f"{hundredths:.1f} %" if 0 < hundredths < 10 or 99 < hundredths < 100 else f"{hundredths:.0f} %"


def capitalize_first(words: str) -> str:
    """Return the words with a capital letter at the beginning and the rest as it is."""
    return words[:1].upper() + words[1:]


def shown(value: Any) -> Any:
    """Return a fact as people read it: instants on the clock of the organisation, the rest as it is."""
    return moments.moment(value) if isinstance(value, datetime) and value.tzinfo else value


def coded(sentence: str) -> Markup:
    """Return a sentence with what stands between backticks shown as code."""
    pieces = enumerate(sentence.split("`"))
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if at % 2 else escape(piece) for at, piece in pieces
    )


def plain(value: Any) -> str:
    """Return a value of the audit log on one line: "yes", "a, b", "7"."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        said = ", ".join(value) or "none"
    return said if len(said) <= LONGEST_BRIEF else said[:LONGEST_BRIEF] + "…"


def pretty(value: Any) -> str:
    """Return a plain value as indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def asset(filename: str) -> str:
    """Return the address of a static file; it changes with the content, so browsers may keep it for ever."""
    return url_for(
        "static", filename=filename, v=_fingerprint(Path(str(current_app.static_folder)) / filename)
    )


def may(role: str) -> bool:
    """Say whether the person who looks has at least `role`."""
    return bool(current_user.is_authenticated and current_user.may(role))


def with_arguments(**changes: str | None) -> str:
    """Return the address of this page with some query arguments changed; None removes one."""
    arguments = {**request.args.to_dict(), **changes}
    kept = {name: value for name, value in arguments.items() if value}
    return url_for(str(request.endpoint), **{**(request.view_args or {}), **kept})


@cache
def _fingerprint(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()[:12]
