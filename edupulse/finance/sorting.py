"""The lines of a file are sorted: whose bill each is, which are new, which are known already, which cannot be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import select

from edupulse.database import db
from edupulse.finance.fields import NewBill
from edupulse.finance.file import Line
from edupulse.finance.models import Bill
from edupulse.finance.money import amount_words
from edupulse.mail.addresses import comparable
from edupulse.people import listing
from edupulse.people.intake_report import SHOWN_LINES, Problem
from edupulse.people.models import Person

ASKED_AT_ONCE = 500  # numbers in one query; below the limit on parameters of any SQLite
Content = tuple[
    int, str, int, str, date
]  # person, title, amount, currency, due: what makes two bills the same


@dataclass(frozen=True, slots=True)
class Taken:
    """One line that is added, for the eye."""

    line: int
    number: str
    name: str
    title: str
    amount_minor: int
    currency: str
    due_on: date
    paid_minor: int


@dataclass
class Sorted:
    """What is to do about the lines of a file."""

    added: list[Line] = field(default_factory=list)
    same: int = 0
    problems: list[Problem] = field(default_factory=list)
    first: list[Taken] = field(default_factory=list)


def sort(lines: Sequence[Line | Problem]) -> Sorted:
    """Sort the lines by what is known now. A number means one bill; without one, the n-th of equal lines is the n-th
    of equal bills."""
    found = Sorted(problems=[line for line in lines if isinstance(line, Problem)])
    theirs = _with_people([line for line in lines if isinstance(line, Line)], found)
    known = _known_by_number(line.bill.number for line, _ in theirs if line.bill.number)
    equal = _equal_bills({line.bill.person_id for line, _ in theirs if not line.bill.number})
    for line, person in theirs:
        _sort_one(line, person, found, known, equal)
    found.problems.sort(key=lambda problem: problem.line)
    return found


def content_of(bill: NewBill | Bill) -> Content:
    """Return what makes two bills the same."""
    return bill.person_id, bill.title, bill.amount_minor, bill.currency, bill.due_on


def _with_people(lines: Sequence[Line], found: Sorted) -> list[tuple[Line, Person]]:
    """Return the lines with their persons; where nobody is named, or more than one, it is a problem."""
    people: dict[str, Person | None] = {}
    theirs = []
    for line in lines:
        person = _meant(line.whose, people)
        if person:
            theirs.append((replace(line, bill=replace(line.bill, person_id=person.id)), person))
        else:
            words = [word for _, word in line.whose]
            found.problems.append(Problem(line.line, line.text, _nobody(words), "person"))
    return theirs


def _meant(whose: Sequence[tuple[str, str]], people: dict[str, Person | None]) -> Person | None:
    """Return whom the surest word that is known names, unless they have another number or address than the file says.

    A stranger of the same name must not get the bill of somebody who is not here yet.
    """
    for at, (_, word) in enumerate(whose):
        if person := _find(word, people):
            return None if any(_belies(person, *surer) for surer in whose[:at]) else person
    return None


def _belies(person: Person, part: str, word: str) -> bool:
    """Say whether a word that names nobody, or a whole family by its address, speaks against this person."""
    own, said = (person.external_id, word) if part == "external_id" else (person.comparable, comparable(word))
    return own is not None and own != said


def _find(word: str, people: dict[str, Person | None]) -> Person | None:
    if word not in people:
        people[word] = listing.find(word)
    return people[word]


def _nobody(whose: Sequence[str]) -> str:
    if not whose:
        return "The line names no person. Write their number, address or name."
    shown = " / ".join(f"“{word[:60]}”" for word in whose)
    return f"{shown} is nobody here, or more than one. Add the person first, or write their number."


def _known_by_number(numbers: Iterable[str]) -> dict[str, Content]:
    wanted, known = sorted(set(numbers)), {}
    for start in range(0, len(wanted), ASKED_AT_ONCE):
        some = Bill.number.in_(wanted[start : start + ASKED_AT_ONCE])
        for number, *content in db.session.execute(select(Bill.number, *_CONTENT).where(some)):
            known[number] = _content(content)
    return known


def _equal_bills(people: set[int]) -> Counter[Content]:
    """Return how many bills of each content these people have."""
    wanted, equal = sorted(people), Counter[Content]()
    for start in range(0, len(wanted), ASKED_AT_ONCE):
        some = Bill.person_id.in_(wanted[start : start + ASKED_AT_ONCE])
        equal.update(_content(content) for content in db.session.execute(select(*_CONTENT).where(some)))
    return equal


_CONTENT = (Bill.person_id, Bill.title, Bill.amount_minor, Bill.currency, Bill.due_on)


def _content(row: Iterable[Any]) -> Content:
    person_id, title, amount_minor, currency, due_on = row
    return person_id, title, amount_minor, currency, due_on


def _sort_one(
    line: Line, person: Person, found: Sorted, known: dict[str, Content], equal: Counter[Content]
) -> None:
    content, number = content_of(line.bill), line.bill.number
    if number and number in known:
        if known[number] == content:
            found.same += 1
        else:
            problem = (
                f"There is a bill {number} already, and it differs: {_difference(known[number], content)}."
            )
            found.problems.append(Problem(line.line, line.text, problem, "number"))
    elif not number and equal[content]:
        equal[content] -= 1
        found.same += 1
    else:
        known |= {number: content} if number else {}
        found.added.append(line)
        if len(found.first) < SHOWN_LINES:
            found.first.append(_taken(line, person))


def _difference(there: Content, here: Content) -> str:
    """Return what differs, as it is here and as it is in the file."""
    names = ("person", "title", "amount", "currency", "due date")
    pairs = (
        (name, _shown(name, was, there), _shown(name, comes, here))
        for name, was, comes in zip(names, there, here, strict=True)
        if was != comes
    )
    return ", ".join(f"the {name} is {was} here, {comes} in the file" for name, was, comes in pairs)


def _shown(name: str, value: object, content: Content) -> str:
    if name == "person":
        person = db.session.get(Person, value)
        return f"“{person.name[:60]}”" if person else str(value)
    if name == "amount":
        return amount_words(content[2], content[3])
    return f"“{str(value)[:60]}”" if name == "title" else str(value)


def _taken(line: Line, person: Person) -> Taken:
    bill = line.bill
    return Taken(
        line.line, bill.number, person.name, bill.title, bill.amount_minor, bill.currency, bill.due_on,
        line.paid_minor,
    )  # fmt: skip
