"""What is said of a person becomes what is stored: each field checked, all refusals told at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from edupulse.errors import Invalid
from edupulse.mail.addresses import comparable, parse_address, refuse_steering
from edupulse.people.languages import language_of

TEXTS = ("name", "email", "phone", "locale", "external_id", "note")  # what is written of a person
FIELDS = (*TEXTS, "active")
LONGEST = {"name": 200, "email": 320, "phone": 60, "external_id": 100, "note": 5000}  # characters

_PHONE = re.compile(r"[+0-9(][0-9 ()/.\-]*(\s*(ext\.?|x|转)\s*[0-9]+)?", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")  # line breaks and tabs are text


def checked(fields: Mapping[str, str | bool]) -> dict[str, Any]:
    """Return the columns of a person for the `fields` that are named, those of FIELDS and no others.

    Raises Invalid with every refusal by field in its fact `fields`.
    """
    found: dict[str, Any] = {}
    refused: dict[str, str] = {}
    for field, value in fields.items():
        try:
            found |= _checked_one(field, value)
        except Invalid as error:
            refused[field] = str(error)
    if refused:
        raise Invalid(" ".join(refused.values()), fields=refused, field=next(iter(refused)))
    return found


def _checked_one(field: str, value: str | bool) -> dict[str, Any]:
    if field == "active":
        return {"active": _truth(value)}
    if field not in TEXTS:
        raise Invalid(
            f"A person has no “{field[:40]}”.", cure=f"Known are: {', '.join(FIELDS)}.", field=field[:40]
        )
    if not isinstance(value, str):
        raise Invalid(f"{field} must be a text.", cure="Write it as text.", field=field)
    return _READERS[field](value)


def _truth(value: str | bool) -> bool:
    if not isinstance(value, bool):
        raise Invalid("active must be true or false.", cure="Say one of them.", field="active")
    return value


def _name(text: str) -> dict[str, Any]:
    name = _line(text, "name")
    if not name:
        raise Invalid("The name is missing.", cure="Say what the person is called.", field="name")
    return {"name": name}


def _email(text: str) -> dict[str, Any]:
    if not text.strip():
        return {"email": None, "comparable": None}
    mailbox = parse_address(_short(text.strip(), "email"), field="email").mailbox
    return {"email": mailbox, "comparable": comparable(mailbox)}


def _phone(text: str) -> dict[str, Any]:
    phone = _line(text, "phone")
    if phone and not _PHONE.fullmatch(phone):
        raise Invalid(
            f"“{phone[:60]}” is no telephone number.",
            cure="Write it with digits, like +49 30 123456.",
            field="phone",
        )
    return {"phone": phone}


def _external_id(text: str) -> dict[str, Any]:
    return {"external_id": _line(text, "external_id") or None}


def _note(text: str) -> dict[str, Any]:
    note = _short(text.replace("\r\n", "\n").strip(), "note")
    if _CONTROL.search(note):
        raise Invalid("The note has a control character.", cure="Remove it.", field="note")
    return {"note": note}


def _line(text: str, field: str) -> str:
    refuse_steering(text.strip(), field=field)
    return _short(" ".join(text.split()), field)


def _short(text: str, field: str) -> str:
    if len(text) > LONGEST[field]:
        raise Invalid(
            f"{field} has {len(text):,} characters; {LONGEST[field]:,} are possible.",
            cure="Shorten it.",
            field=field,
        )
    return text


_READERS: dict[str, Callable[[str], dict[str, Any]]] = {
    "name": _name,
    "email": _email,
    "phone": _phone,
    "locale": lambda text: {"locale": language_of(text)},
    "external_id": _external_id,
    "note": _note,
}
