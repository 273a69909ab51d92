"""Where people to write to may come from; each domain offers its own source, and none knows the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from edupulse.errors import NotFound


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as a source or a file names them; nothing of it is checked yet."""

    address: str
    name: str = ""
    locale: str = ""  # empty: not known
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """One group of people that a source offers, e.g. the attendees of one event."""

    value: str
    label: str


class Source(Protocol):
    """A place where people are known: `event`, `users`, `campaign`."""

    @property
    def key(self) -> str:
        """Return the stable word for the source."""

    @property
    def title(self) -> str:
        """Return what people call it."""

    def choices(self) -> list[Choice]:
        """Return what may be chosen, most likely first."""

    def label(self, value: str) -> str:
        """Return the words for one choice, also one that is too old to be offered. Raises NotFound."""

    def people(self, value: str) -> Iterator[Person]:
        """Return who is in it and may be written to. Raises NotFound."""


_SOURCES: dict[str, Source] = {}


def register_source(source: Source) -> None:
    """Offer `source` from now on; the same key twice replaces it."""
    _SOURCES[source.key] = source


def sources() -> list[Source]:
    """Return every source, in the order in which they were registered."""
    return list(_SOURCES.values())


def source_of(key: str) -> Source:
    """Return the source called `key`; raises NotFound naming those that exist."""
    if key not in _SOURCES:
        known = ", ".join(_SOURCES) or "none"
        raise NotFound(f"There is no source of people called “{key[:40]}”.", cure=f"Known are: {known}.")
    return _SOURCES[key]


def no_such_group(source: Source, value: str) -> NotFound:
    """Return the refusal of a choice that does not exist."""
    return NotFound(
        f"{source.title}: there is no “{value[:40]}”.", cure="Choose one from the list.", value=value
    )
