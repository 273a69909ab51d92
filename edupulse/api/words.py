"""What a call says: the values of its JSON object and of its query, each of the kind it should be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import request

from edupulse.errors import Invalid
from edupulse.paging import LARGEST_PAGE, PAGE_SIZE

_KINDS = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    list: "a list",
    dict: "an object",
}
TRUE, FALSE = ("true", "1", "yes"), ("", "false", "0", "no")


def said(**kinds: type | tuple[type, ...]) -> dict[str, Any]:
    """Return the JSON object of the call; what is null counts as not said. No body is an empty object.

    Raises Invalid naming a value that is not known or of another kind, and answers 400 or 415 to what is no JSON.
    """
    if not request.content_length and not request.is_json:
        return {}
    found = request.get_json()
    if not isinstance(found, dict):
        raise Invalid("The body must be a JSON object.", cure='Send e.g. {"confirm": true}.')
    return checked(found, kinds)


def checked(
    found: Mapping[str, Any], kinds: Mapping[str, type | tuple[type, ...]], within: str = ""
) -> dict[str, Any]:
    """Return the values that are not null; raises Invalid naming one that is not known or of another kind."""
    for name, value in found.items():
        if name not in kinds:
            cure = f"Known are: {', '.join(kinds)}." if kinds else "Nothing is expected here."
            raise Invalid(f"“{within}{name[:40]}” is not known.", cure=cure, field=name[:40])
        if value is not None and not _is_one(value, kinds[name]):
            raise Invalid(f"“{within}{name}” must be {_in_words(kinds[name])}.", field=name)
    return {name: value for name, value in found.items() if value is not None}


def asked(name: str) -> str:
    """Return a value of the query, empty where it is missing."""
    return request.args.get(name, "")


def asked_whether(name: str) -> bool:
    """Return a value of the query that is true or false, false where it is missing. Raises Invalid."""
    word = asked(name).lower()
    if word not in TRUE + FALSE:
        raise Invalid(f"“{name}” must be true or false.", field=name)
    return word in TRUE


def page_wanted() -> dict[str, Any]:
    """Return the cursor and the size of the page that the query names. Raises Invalid for a size that cannot be."""
    text = asked("size") or str(PAGE_SIZE)
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text[:6]) <= LARGEST_PAGE:
        raise Invalid(f"“size” must be from 1 to {LARGEST_PAGE}.", field="size")
    return {"cursor": asked("cursor"), "size": int(text)}


def moment(text: str, name: str) -> datetime:
    """Return the instant that an ISO 8601 text with an offset names. Raises Invalid."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Invalid(
            f"“{name}” must be a time with its offset.", cure="Write 2026-03-16T10:00:00+01:00.", field=name
        )
    return at


def _is_one(value: object, kinds: type | tuple[type, ...]) -> bool:
    wanted = kinds if isinstance(kinds, tuple) else (kinds,)
    return type(value) in wanted  # exactly: to Python true is a number


def _in_words(kinds: type | tuple[type, ...]) -> str:
    return " or ".join(_KINDS[kind] for kind in (kinds if isinstance(kinds, tuple) else (kinds,)))
