"""What a letter may do to a field's value. Small on purpose: nothing here makes much out of little."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from babel.dates import format_date
from jinja2 import Environment, pass_context, pass_environment
from jinja2.filters import do_capitalize, do_title, do_trim, do_truncate
from jinja2.runtime import Context, Undefined

from edupulse.mail.merge import LARGEST_OUTPUT

DATE_STYLES = ("short", "medium", "long", "full")
LOCALE = "locale of this part"  # the variable it is found in; no template can write its name


class TooMuch(Exception):
    def __init__(self, kind: str) -> None:
        self.kind = kind


class Unfit(ValueError):
    """A value that a filter cannot work with; the message goes on after the part's name."""

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(what)
        self.what = what
        self.cure = cure


def _default(value: Any, otherwise: Any = "", _boolean: bool = True) -> Any:
    # An empty cell of a table means "we do not know", too.
    return otherwise if isinstance(value, Undefined) or value in ("", None) else value


def _join(items: Any, separator: str = ", ") -> str:
    words = [str(item) for item in _listed(items)]
    if sum(map(len, words)) + len(str(separator)) * len(words) > LARGEST_OUTPUT:
        raise TooMuch("too_large")
    return str(separator).join(words)


def _split(value: Any, separator: str = ";") -> list[str]:
    words = _text(value).split(str(separator) or None)
    return [word.strip() for word in words if word.strip()]


def _listed(value: Any) -> Sequence[Any]:
    if isinstance(value, list | tuple):
        return value
    return [_text(value)]


def _first(value: Any) -> Any:
    items = value if isinstance(value, list | tuple) else _text(value)
    return items[0] if items else ""


def _last(value: Any) -> Any:
    items = value if isinstance(value, list | tuple) else _text(value)
    return items[-1] if items else ""


def _length(value: Any) -> int:
    return len(value) if isinstance(value, list | tuple | Mapping) else len(_text(value))


def _number(value: Any) -> int | float:
    if isinstance(value, int | float):
        return value
    try:
        number = float(_text(value).strip()[:40])
    except ValueError:
        raise Unfit(
            f"needs a number where a field says “{_text(value)[:40]}”",
            'Correct the field; where it may be empty write |default("0")|number.',
        ) from None
    return int(number) if number.is_integer() else number


@pass_context
def _date(context: Context, value: Any, style: str = "long") -> str:
    if style not in DATE_STYLES:
        raise Unfit("asks for a style of date that is not known", f"Choose from {', '.join(DATE_STYLES)}.")
    try:
        day = value if isinstance(value, date) else datetime.fromisoformat(_text(value).strip()).date()
    except ValueError:
        raise Unfit(
            f"needs a date where a field says “{_text(value)[:40]}”",
            "Write dates as 2026-03-12, or leave out |date.",
        ) from None
    return format_date(day, style, locale=context[LOCALE])


def _upper(value: Any) -> str:
    return _text(value).upper()


def _lower(value: Any) -> str:
    return _text(value).lower()


@pass_environment
def _truncate(environment: Environment, value: Any, length: int = 255) -> str:
    return do_truncate(environment, _text(value), int(length))


def _trim(value: Any) -> str:
    return do_trim(_text(value))


def _title(value: Any) -> str:
    return do_title(_text(value))


def _capitalize(value: Any) -> str:
    return do_capitalize(_text(value))


def _text(value: Any) -> str:
    return str(value)  # of a missing field: raises, naming it


FILTERS: dict[str, Any] = {
    "capitalize": _capitalize, "d": _default, "date": _date, "default": _default, "first": _first,
    "join": _join, "last": _last, "length": _length, "lower": _lower, "number": _number, "split": _split,
    "title": _title, "trim": _trim, "truncate": _truncate, "upper": _upper,
}  # fmt: skip
