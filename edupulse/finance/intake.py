"""A file of bills is taken in, all that can be used of it or nothing: what is known already changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from edupulse.accounts.audit import record
from edupulse.clock import now
from edupulse.errors import Conflict
from edupulse.finance import numbering
from edupulse.finance.bills import columns_of
from edupulse.finance.file import BillsFile, Line, read_bills
from edupulse.finance.models import Bill, Payment
from edupulse.finance.revenue import month_of, tell_changed
from edupulse.finance.sorting import Sorted, Taken, sort
from edupulse.finance.standing import today
from edupulse.mail.once import insert_once
from edupulse.people.headings import Column
from edupulse.people.intake_report import MOST_PROBLEMS, Problem, problems_as_csv
from edupulse.transaction import look_anew, transaction

__all__ = ["Column", "IntakeReport", "Problem", "Taken", "problems_as_csv", "take_in"]

AT_ONCE = 500  # rows of one statement; below the limit on parameters of any SQLite


@dataclass(frozen=True)
class IntakeReport:
    """Of the lines that were read: read = added + same + rejected; `changed` is always 0, a file changes no bill."""

    read: int
    added: int
    same: int
    rejected: int
    problems: tuple[Problem, ...]
    columns: tuple[Column, ...]
    billed: dict[str, int]  # minor units of what is added, by currency
    paid: dict[str, int]
    changed: int = 0
    first: tuple[Taken, ...] = ()  # the first that are added
    recognised: str = ""  # what kind of file it is, e.g. "CSV, UTF-8, semicolon"


def take_in(
    data: bytes, filename: str, *, actor: str, dry_run: bool = False, remind: bool = True
) -> IntakeReport:
    """Take in the bills of a CSV or .xlsx file and say what became of each line; `dry_run` only says it.

    A bill is told by its number, else by person, title, amount and due date; the same file again changes nothing. A
    line that cannot be used does not stop the others. Raises Invalid for what is no such file.
    """
    moment = now()
    file = read_bills(
        data, today(moment), remind=remind
    )  # before the transaction: it keeps others from writing
    if dry_run:
        look_anew()
        return _report(file, sort(file.lines))
    with transaction() as session:
        found = sort(file.lines)
        _add(session, found.added, actor, moment)
        report = _report(file, found)
        if report.added:
            figures = {
                name: getattr(report, name) for name in ("read", "added", "same", "rejected", "billed")
            }
            record(actor, "bills.import", f"file:{filename.strip()[:150]}", after=figures)
    return report


def _add(session: Session, lines: Sequence[Line], actor: str, moment: datetime) -> None:
    """Write the bills, then what was paid on them; the sums of the months last, in their order."""
    months: set[str] = set()
    numbered = _numbered(session, lines)
    for start in range(0, len(numbered), AT_ONCE):
        some = numbered[start : start + AT_ONCE]
        months |= _add_some(session, some, actor, moment)
    for month in sorted(months):
        tell_changed(session, month)


def _numbered(session: Session, lines: Sequence[Line]) -> list[Line]:
    """Return the lines with a number for each that has none."""
    taken = {line.bill.number for line in lines}
    counts: dict[int, int] = {}
    return [line if line.bill.number else _with_next(session, line, counts, taken) for line in lines]


def _with_next(session: Session, line: Line, counts: dict[int, int], taken: set[str]) -> Line:
    year = (line.bill.issued_on or line.bill.due_on).year
    count = counts.get(year) or numbering.next_count(session, year, surely=True)
    while numbering.written(year, count) in taken:
        count += 1
    counts[year] = count + 1
    return replace(line, bill=replace(line.bill, number=numbering.written(year, count)))


def _add_some(session: Session, lines: Sequence[Line], actor: str, moment: datetime) -> set[str]:
    """Write some bills and their payments; return the months in which money came in."""
    rows = [columns_of(line.bill, moment) for line in lines]
    once = insert_once(session, Bill).returning(Bill.number, Bill.id)
    ids = dict(session.execute(once, rows).all())
    if len(ids) < len(rows):
        cure = "Nothing was taken in; do it again."
        raise Conflict("Somebody else entered bills with the same numbers right now.", cure=cure)
    paid = [line for line in lines if line.paid_minor]
    payments = [_payment(line, ids[line.bill.number], actor, moment) for line in paid]
    if payments:
        session.execute(insert(Payment), payments)
        session.execute(update(Bill), [_standing(line, ids[line.bill.number], moment) for line in paid])
    return {month_of(payment["received_on"]) for payment in payments}


def _payment(line: Line, bill_id: int, actor: str, moment: datetime) -> dict[str, Any]:
    return {
        "bill_id": bill_id, "amount_minor": line.paid_minor, "currency": line.bill.currency,
        "received_on": line.paid_on or today(moment), "method": "other", "reference": "", "note": "",
        "actor": actor[:320], "created_at": moment,
    }  # fmt: skip


def _standing(line: Line, bill_id: int, moment: datetime) -> dict[str, Any]:
    values: dict[str, Any] = {"id": bill_id, "paid_minor": line.paid_minor}
    if line.paid_minor < line.bill.amount_minor:
        return {
            **values,
            "state": "partly_paid",
            "paid_at": None,
            "next_at": columns_of(line.bill, moment)["next_at"],
        }
    return {**values, "state": "paid", "paid_at": moment, "next_at": None}


def _report(file: BillsFile, found: Sorted) -> IntakeReport:
    return IntakeReport(
        read=len(file.lines),
        added=len(found.added),
        same=found.same,
        rejected=len(found.problems),
        problems=tuple(found.problems[:MOST_PROBLEMS]),
        columns=file.columns,
        billed=_sums((line.bill.currency, line.bill.amount_minor) for line in found.added),
        paid=_sums((line.bill.currency, line.paid_minor) for line in found.added),
        first=tuple(found.first),
        recognised=file.recognised,
    )


def _sums(amounts: Iterator[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for currency, minor in amounts:
        sums[currency] = sums.get(currency, 0) + minor
    return {currency: sums[currency] for currency in sorted(sums) if sums[currency]}
