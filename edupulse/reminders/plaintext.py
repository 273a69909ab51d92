"""Text that a person typed or pasted becomes text that a mail, a header and a database can carry."""

from __future__ import annotations

import re

from edupulse.errors import Invalid

_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]"
)  # all but tab and line feed; half characters too
_TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069]")  # invisible marks that turn the rest of a line around


def one_line(text: str, what: str, longest: int) -> str:
    """Return `text` with single spaces and without marks that would turn the line around.

    Raises Invalid, beginning with `what`, for control characters and for more than `longest` characters.
    """
    refuse_control(text, what)
    return within(" ".join(_TURNING.sub("", text).split()), what, longest)


def without_control(text: str) -> str:
    """Return `text` without the characters that `refuse_control` refuses, for what nobody typed here."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def refuse_control(text: str, what: str) -> None:
    """Raise Invalid if `text` holds NUL or another character that no mail can carry."""
    if _CONTROL.search(text):
        raise Invalid(
            f"{what} holds a control character that no mail can carry.", cure="Type it instead of pasting it."
        )


def within(text: str, what: str, longest: int) -> str:
    """Return `text`; raise Invalid if it is longer than `longest` characters."""
    if len(text) > longest:
        raise Invalid(
            f"{what} has {len(text):,} characters; at most {longest:,} are possible.", cure="Shorten it."
        )
    return text
