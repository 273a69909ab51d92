"""The people of an event as lines of text: `Name <address>`, with remarks in brackets where they differ."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from edupulse.errors import Invalid
from edupulse.mail.render import LOCALES
from edupulse.reminders.models import ATTENDEE_STATES
from edupulse.reminders.people import AttendeeDraft
from edupulse.walltime import known_zones

NO_MAIL = "no mail"
LANGUAGES = {"english": "en", "chinese": "zh", "中文": "zh", **{locale: locale for locale in LOCALES}}
HELP = "no mail, zh, en, accepted, tentative, declined or a time zone such as Asia/Shanghai"

_LINE = re.compile(r"(?P<who>.*?)\s*(?:\((?P<remarks>[^()<>]*)\))?\s*")
_NAMED = re.compile(r"(?P<name>[^<>]*?)\s*<\s*(?P<email>[^<>]*)\s*>")


def read_lines(text: str) -> list[AttendeeDraft]:
    """Return the people in `text`; raises Invalid naming each line that cannot be read.

    Addresses are checked later, together with everything else of the event.
    """
    people, complaints = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        for piece in _pieces(line):
            try:
                people.append(_person(piece))
            except Invalid as error:
                complaints.append(f"Line {number}: {error}")
    if complaints:
        raise Invalid(" ".join(complaints[:5]), field="attendees")
    return people


def write_lines(people: Iterable[AttendeeDraft], default_locale: str) -> str:
    """Return the lines that `read_lines` reads as the same people."""
    return "\n".join(_line(person, default_locale) for person in people)


def _pieces(line: str) -> list[str]:
    """Split what was pasted from a mail's "To" field; a comma alone may be part of a name."""
    pieces = [piece.strip() for piece in line.split(";")]
    commas = line.split(",")
    if len(pieces) == 1 and len(commas) > 1 and all("@" in piece for piece in commas):
        pieces = [piece.strip() for piece in commas]
    return [piece for piece in pieces if piece]


def _person(piece: str) -> AttendeeDraft:
    found = _LINE.fullmatch(piece)
    who, remarks = (found["who"], found["remarks"]) if found else (piece, None)
    person = _named(who)
    for remark in (remarks or "").split(","):
        if remark.strip():
            person = _remarked(person, remark.strip())
    return person


def _named(who: str) -> AttendeeDraft:
    named = _NAMED.fullmatch(who)
    if named:
        return AttendeeDraft(name=named["name"].strip(" \"'"), email=named["email"].strip())
    if "<" in who or ">" in who:
        raise Invalid(f"“{who[:80]}” has a bracket too few.", cure="Write Name <name@school.example>.")
    return AttendeeDraft(email=who) if "@" in who else AttendeeDraft(name=who)


def _remarked(person: AttendeeDraft, remark: str) -> AttendeeDraft:
    word = remark.lower()
    if word == NO_MAIL:
        return replace(person, wants_mail=False)
    if word in LANGUAGES:
        return replace(person, locale=LANGUAGES[word])
    if word in ATTENDEE_STATES:
        return replace(person, status=word)
    if remark in known_zones():
        return replace(person, timezone=remark)
    raise Invalid(f"“({remark[:60]})” is not understood.", cure=f"In brackets there may be {HELP}.")


def _line(person: AttendeeDraft, default_locale: str) -> str:
    named = f"{person.name} <{person.email}>" if person.name and person.email else person.name or person.email
    remarks = [
        person.locale if person.locale not in ("", default_locale) else "",
        person.timezone or "",
        "" if person.wants_mail else NO_MAIL,
        person.status if person.status != "invited" else "",
    ]
    said = ", ".join(remark for remark in remarks if remark)
    return f"{named} ({said})" if said else named
