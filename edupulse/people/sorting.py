"""Each line of a file meets the people who are known: it is somebody new, somebody changed, the same, or a riddle."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from edupulse.people.file import Line
from edupulse.people.intake_report import SHOWN_LINES, Problem, Taken
from edupulse.people.models import Person

AMBIGUOUS = "Several people have this name. Add a column with their numbers, or their addresses."
READ_AT_ONCE = 1000  # rows

_KEPT = ("name", "email", "comparable", "phone", "locale", "external_id", "note")
_EMPTY = {"email": None, "comparable": None, "phone": "", "locale": "", "external_id": None, "note": ""}


@dataclass(frozen=True, slots=True)
class Change:
    """What a file says differently of a person."""

    person_id: int
    values: dict[str, Any]


@dataclass
class Sorted:
    """What the lines of a file come to; each is counted once."""

    added: list[dict[str, Any]] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    same: int = 0
    problems: list[Problem] = field(default_factory=list)
    first: list[Taken] = field(default_factory=list)


@dataclass(slots=True)
class _Known:
    """Somebody as they stand, or will: `line` is that of this file which said something of them."""

    id: int | None
    values: dict[str, Any]
    line: int | None = None


def sort(session: Session, lines: Iterable[Line | Problem]) -> Sorted:
    """Say what each line means for the people in the database; writes nothing.

    A later line that contradicts an earlier one of the same file about the same person is a problem.
    """
    found, known = Sorted(), _People(session)
    for line in lines:
        if isinstance(line, Problem):
            found.problems.append(line)
        else:
            _sort_one(line, known, found)
    return found


def _sort_one(line: Line, known: _People, found: Sorted) -> None:
    candidates = known.like(line.values)
    if len(candidates) > 1:
        found.problems.append(Problem(line.line, line.text, AMBIGUOUS, "ambiguous"))
        return
    if not candidates:
        new = {**_EMPTY, **line.values}
        known.take(_Known(None, new, line.line))
        found.added.append(new)
        _show(found, line, "added", new)
        return
    _meet(line, candidates[0], known, found)


def _meet(line: Line, person: _Known, known: _People, found: Sorted) -> None:
    differs = {name: value for name, value in line.values.items() if person.values[name] != value}
    if "comparable" not in differs:
        differs.pop("email", None)  # another spelling of the same address
    if not differs:
        found.same += 1
    elif person.line is not None:
        found.problems.append(
            Problem(line.line, line.text, _contradiction(person.line, differs), "contradiction")
        )
    elif twin := known.collision(person, differs):
        found.problems.append(Problem(line.line, line.text, twin, "twin"))
    else:
        known.alter(person, differs, line.line)
        assert person.id is not None  # noqa: S101 - who is new has a line, so is no stranger to this file
        found.changed.append(Change(person.id, differs))
        _show(found, line, "changed", person.values, differs)
    person.line = person.line or line.line


def _contradiction(earlier: int, differs: dict[str, Any]) -> str:
    names = ", ".join(_told(differs))
    return f"Line {earlier} says otherwise of the same person ({names}). Keep one, or give each a number."


def _told(differs: dict[str, Any]) -> tuple[str, ...]:
    return tuple(name for name in differs if name != "comparable")


def _show(
    found: Sorted, line: Line, what: str, values: dict[str, Any], differs: dict[str, Any] | None = None
) -> None:
    if len(found.first) < SHOWN_LINES:
        shown = (values["name"], values["email"] or "", values["external_id"] or "")
        found.first.append(Taken(line.line, what, *shown, differs=_told(differs or {})))


class _People:
    """Everybody who is known, by number and by name; kept up while lines are sorted."""

    def __init__(self, session: Session) -> None:
        self._by_number: dict[str, _Known] = {}
        self._by_name: dict[str, list[_Known]] = {}
        columns = (Person.id, *(getattr(Person, name) for name in _KEPT))
        wanted = select(*columns).order_by(Person.id).execution_options(yield_per=READ_AT_ONCE)
        for id, *values in session.execute(wanted):
            self.take(_Known(id, dict(zip(_KEPT, values, strict=True))))

    def take(self, person: _Known) -> None:
        """Know somebody from now on."""
        if person.values["external_id"]:
            self._by_number[person.values["external_id"]] = person
        self._by_name.setdefault(person.values["name"], []).append(person)

    def like(self, said: dict[str, Any]) -> list[_Known]:
        """Return whom a line may mean: the one with its number, else those of its name, and address where it has one.

        A number that nobody has yet may be that of somebody who has none.
        """
        number, address = said.get("external_id"), said.get("comparable")
        if number in self._by_number:
            return [self._by_number[number]]
        return [
            each
            for each in self._by_name.get(said["name"], ())
            if (not address or each.values["comparable"] == address)
            and not (number and each.values["external_id"])
        ]

    def collision(self, person: _Known, differs: dict[str, Any]) -> str:
        """Say who else would have the same name and address, so that the two could not be told apart any more."""
        will = {**person.values, **differs}
        if not will["comparable"]:
            return ""
        for other in self._by_name.get(will["name"], ()):
            is_twin = other is not person and other.values["comparable"] == will["comparable"]
            if is_twin and not (other.values["external_id"] and will["external_id"]):
                return f"{will['name']} with the address {will['email']} is here already, without a number."
        return ""

    def alter(self, person: _Known, differs: dict[str, Any], line: int) -> None:
        """Know from now on what a line says of somebody."""
        self._by_name[person.values["name"]].remove(person)
        person.values, person.line = {**person.values, **differs}, line
        self.take(person)
