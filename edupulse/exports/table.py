"""What a table is as a file: its columns, who may see it, and what narrows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import JSON, Boolean, ColumnElement, Date, DateTime, Float, Integer, Select, select
from sqlalchemy.types import TypeEngine

from edupulse.config import current_settings
from edupulse.database import UtcDateTime
from edupulse.errors import Invalid
from edupulse.paging import LARGEST_NUMBER
from edupulse.walltime import to_utc

LONGEST_FILTER = 320  # characters, as the longest address
KEY = "_key"  # the label of the column by which rows are told apart and put in order
FIRST_DAY, LAST_DAY = date(1970, 1, 2), date(2200, 1, 1)

# The first type that fits says how a value is written.
_KINDS: tuple[tuple[type[TypeEngine[Any]], str], ...] = (
    (UtcDateTime, "instant"),
    (DateTime, "wall"),
    (Date, "day"),
    (Boolean, "yes"),
    (Integer, "number"),
    (Float, "number"),
    (JSON, "json"),
)


@dataclass(frozen=True)
class Column:
    """One column: its name, where it comes from, and how it is written.

    Kinds: text, number, yes, day, instant, wall (a clock's reading, of no zone), json, and money: minor units of what
    the column "currency" of the same row names.
    """

    name: str
    source: ColumnElement[Any]
    told: str = ""  # a kind; empty: as its type says

    @property
    def kind(self) -> str:
        # Asked late: what refers to another table has no type before that one is known.
        return self.told or kind_of(self.source.type)


@dataclass(frozen=True)
class Filter:
    """What may be asked of a table, by name; `choices` are all that there is, where that is known."""

    name: str
    condition: Callable[[str], ColumnElement[bool]]  # raises Invalid for what cannot be meant
    choices: tuple[str, ...] = ()

    @property
    def shape(self) -> str:
        """Return how a form asks for it: day, choice or text."""
        return "day" if self.name in ("since", "until") else "choice" if self.choices else "text"


@dataclass(frozen=True)
class Table:
    """One table that people may take away. Its rows are read in the order of `unique`, its primary key."""

    key: str
    title: str
    role: str  # the least that sees all of these columns on the pages
    unique: Any
    columns: tuple[Column, ...]
    at: Any = None  # the instant or day by which a time is chosen
    filters: tuple[Filter, ...] = ()
    joined: Callable[[Select[Any]], Select[Any]] = lambda query: query

    @property
    def every_filter(self) -> tuple[Filter, ...]:
        """Return its filters, and days where it has a time; both days are included."""
        return (*(_days(self.at) if self.at is not None else ()), *self.filters)

    @property
    def is_numbered(self) -> bool:
        """Say whether new rows come behind the old ones."""
        return isinstance(self.unique.type, Integer)

    def checked(self, filters: Mapping[str, str]) -> dict[str, str]:
        """Return the filters that say something; raises Invalid naming the one that cannot be used."""
        said = {name: str(value).strip() for name, value in filters.items() if str(value).strip()}
        self.conditions(said)
        return said

    def conditions(self, filters: Mapping[str, str]) -> list[ColumnElement[bool]]:
        """Return what holds for each row that `filters` mean. Raises Invalid as `checked` does."""
        known = {each.name: each for each in self.every_filter}
        found = []
        for name, value in filters.items():
            if name not in known:
                names = ", ".join(known) or "none"
                raise Invalid(
                    f"“{name[:40]}” narrows no {self.key}.", cure=f"Known: {names}.", field=name[:40]
                )
            found.append(_condition(known[name], value))
        return found

    def query(self, filters: Mapping[str, str]) -> Select[Any]:
        """Return the rows that `filters` mean, with their key as the last column, in its order."""
        sources = [each.source.label(each.name) for each in self.columns]
        wanted = self.joined(select(*sources, self.unique.label(KEY)))
        return wanted.where(*self.conditions(filters)).order_by(self.unique)


def columns(*sources: Any, **named: Any) -> tuple[Column, ...]:
    """Return columns under their own names, then those that need another one, each written as its type says."""
    own = {source.key: source for source in sources}
    return tuple(Column(name, source) for name, source in {**own, **named}.items())


def money(**named: Any) -> tuple[Column, ...]:
    """Return columns of minor units, which are written in the units of their row's currency."""
    return tuple(Column(name, source, "money") for name, source in named.items())


def kind_of(type_: TypeEngine[Any]) -> str:
    """Return how values of a column are written."""
    if isinstance(type_, UtcDateTime):
        return "instant"
    return next((kind for known, kind in _KINDS if isinstance(type_, known)), "text")


def choice(name: str, column: Any, choices: tuple[str, ...]) -> Filter:
    """Return a filter by one of a few words."""
    return Filter(name, lambda value: column == value, choices)


def exactly(name: str, column: Any, as_stored: Callable[[str], str] = str) -> Filter:
    """Return a filter by a whole text."""
    return Filter(name, lambda value: column == as_stored(value))


def number(name: str, column: Any) -> Filter:
    """Return a filter by the number of a row."""
    return Filter(name, lambda value: column == _number(name, value))


def _condition(known: Filter, value: str) -> ColumnElement[bool]:
    if known.choices and value not in known.choices:
        words = f"“{value[:40]}” is no {known.name} there is."
        raise Invalid(words, cure=f"Choose one of {', '.join(known.choices)}.", field=known.name)
    if len(value) > LONGEST_FILTER or "\0" in value:
        words = f"“{known.name}” cannot be used."
        raise Invalid(words, cure=f"Write at most {LONGEST_FILTER} characters.", field=known.name)
    return known.condition(value)


def _days(at: Any) -> tuple[Filter, Filter]:
    return (
        Filter("since", lambda value: at >= _edge(at, _day("since", value))),
        Filter("until", lambda value: at < _edge(at, _day("until", value) + timedelta(days=1))),
    )


def _edge(at: Any, day: date) -> date | datetime:
    """Return where a day of the organisation begins."""
    if isinstance(at.type, Date):
        return day
    return to_utc(datetime.combine(day, time()), current_settings().timezone)


def _day(name: str, value: str) -> date:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        day = None
    if day is None or not FIRST_DAY <= day <= LAST_DAY:
        raise Invalid(f"“{value[:40]}” is no day.", cure="Write it as 2026-03-12.", field=name)
    return day


def _number(name: str, value: str) -> int:
    if not (value.isascii() and value.isdecimal() and len(value) <= 10 and int(value) <= LARGEST_NUMBER):
        raise Invalid(
            f"“{value[:40]}” is no number of a {name}.", cure="Write its number, e.g. 7.", field=name
        )
    return int(value)
