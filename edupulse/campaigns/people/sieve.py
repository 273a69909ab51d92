"""Entries are sorted into added, merged and rejected, by the same rule whether they are stored or only counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from edupulse.campaigns.people.entries import Entry, Rejected, completed

CHUNK = 1000  # entries at a time; below the limit on parameters of any database
MOST_ERRORS = 10_000  # rejected lines that are kept word for word
MOST_SHOWN = 5  # entries shown as an example


@dataclass
class Tally:
    """What became of a source: read = added + merged + rejected."""

    added: int = 0
    merged: int = 0
    rejected: int = 0
    errors: list[Rejected] = field(default_factory=list)  # the first MOST_ERRORS
    first: list[Entry] = field(default_factory=list)  # the first that come in
    fields: dict[str, None] = field(default_factory=dict)  # names of fields, in order of appearance

    @property
    def read(self) -> int:
        return self.added + self.merged + self.rejected


@dataclass
class Sorted:
    """Some entries after sorting, by comparable address: who is new, and what is known of who was there."""

    fresh: dict[str, Entry] = field(default_factory=dict)
    again: dict[str, Entry] = field(default_factory=dict)


class Sieve:
    """Sorts entries in chunks and counts them. The first entry of a person wins; `known` are there already."""

    def __init__(self, known: Iterable[str]) -> None:
        self.tally = Tally()
        self._there = set(known)  # by comparable address

    def sort(self, entries: Iterable[Entry | Rejected]) -> Iterator[Sorted]:
        """Sort `entries`; what one chunk adds counts as there for the next, stored or not."""
        remaining = iter(entries)
        while chunk := list(islice(remaining, CHUNK)):
            self._turn_away([each for each in chunk if isinstance(each, Rejected)])
            yield self._sorted([each for each in chunk if isinstance(each, Entry)])

    def _turn_away(self, rejected: list[Rejected]) -> None:
        self.tally.rejected += len(rejected)
        self.tally.errors += rejected[: MOST_ERRORS - len(self.tally.errors)]

    def _sorted(self, entries: list[Entry]) -> Sorted:
        found = Sorted()
        for entry in entries:
            self._place(entry, found, entry.comparable in self._there)
        self._there |= found.fresh.keys()
        self._remember(found)
        return found

    def _place(self, entry: Entry, found: Sorted, is_there: bool) -> None:
        group = found.again if is_there else found.fresh
        before = group.get(entry.comparable)
        group[entry.comparable] = completed(before, entry) if before else entry
        if is_there or before:
            self.tally.merged += 1
        else:
            self.tally.added += 1

    def _remember(self, found: Sorted) -> None:
        names = self.tally.fields
        for group in (found.fresh, found.again):
            for entry in group.values():
                if not entry.fields.keys() <= names.keys():
                    names.update(dict.fromkeys(entry.fields))
        self.tally.first += list(found.fresh.values())[: MOST_SHOWN - len(self.tally.first)]
