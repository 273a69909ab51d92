"""A file of people is taken in, all of it or nothing: who is new is added, who is known is brought up to date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from edupulse.accounts.audit import record
from edupulse.clock import now
from edupulse.database import db
from edupulse.people.file import PeopleFile, read_people
from edupulse.people.headings import Column
from edupulse.people.intake_report import MOST_PROBLEMS, IntakeReport, Problem, Taken, problems_as_csv
from edupulse.people.models import Person
from edupulse.people.rows import hold_people, store_change
from edupulse.people.sorting import Change, Sorted, sort
from edupulse.transaction import look_anew, transaction

__all__ = ["Column", "IntakeReport", "Problem", "Taken", "problems_as_csv", "take_in"]

AT_ONCE = 500  # rows of one statement; below the limit on parameters of any SQLite


def take_in(data: bytes, filename: str, *, actor: str, dry_run: bool = False) -> IntakeReport:
    """Take in the people of a CSV or .xlsx file and say what became of each line; `dry_run` only says it.

    Somebody is told by their number, else by name and address; an empty cell changes nothing, and the same file
    again nothing at all. A line that cannot be used does not stop the others. Raises Invalid for what is no such file.
    """
    file = read_people(data)  # before the transaction: nobody else can write while that runs
    if dry_run:
        look_anew()
        return _report(file, sort(db.session(), file.lines))
    with transaction() as session:
        hold_people(session)
        found = sort(session, file.lines)
        _add(session, found.added)
        _change(session, found.changed, actor)
        report = _report(file, found)
        if report.added or report.changed:
            figures = {
                name: getattr(report, name) for name in ("read", "added", "changed", "same", "rejected")
            }
            record(actor, "people.import", f"file:{_one_line(filename)}", after=figures)
    return report


def _add(session: Session, people: Sequence[dict[str, Any]]) -> None:
    moment = now()
    stamps = {"created_at": moment, "updated_at": moment}
    for some in _parts(people):
        session.execute(insert(Person), [{**values, **stamps} for values in some])


def _change(session: Session, changes: Sequence[Change], actor: str) -> None:
    for some in _parts(changes):
        wanted = select(Person).where(Person.id.in_([each.person_id for each in some]))
        known = {person.id: person for person in session.scalars(wanted)}
        for each in some:
            store_change(session, known[each.person_id], each.values, actor)


def _parts(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE))


def _one_line(text: str) -> str:
    return " ".join(text.replace("\0", "").split())[:150] or "people"


def _report(file: PeopleFile, found: Sorted) -> IntakeReport:
    return IntakeReport(
        read=len(file.lines),
        added=len(found.added),
        changed=len(found.changed),
        same=found.same,
        rejected=len(found.problems),
        problems=tuple(found.problems[:MOST_PROBLEMS]),
        columns=file.columns,
        first=tuple(found.first),
        recognised=file.recognised,
    )
