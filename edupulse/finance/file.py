"""The rows of a file of bills become what each says, or why it cannot be used; whose bill it is, is found out later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from edupulse.config import current_settings
from edupulse.errors import Invalid
from edupulse.finance.dates import parse_day
from edupulse.finance.fields import NewBill, checked, checked_day
from edupulse.finance.headings import WHOSE, columns_of, meaning_of
from edupulse.finance.money import check_currency, parse_amount
from edupulse.people.headings import Column
from edupulse.people.intake_report import Problem
from edupulse.tabular.reading import MOST_ROWS, read_rows, too_many_rows
from edupulse.tabular.records import Record

YES = frozenset({"yes", "y", "true", "paid", "x", "1", "ja", "是", "已付", "已支付", "√", "✓"})
NO = frozenset({"", "no", "n", "false", "open", "unpaid", "0", "-", "–", "nein", "否", "未付", "未支付"})


@dataclass(frozen=True, slots=True)
class Line:
    """One usable row: its bill, of nobody yet; what was paid; the words that name the person, the surest first.

    Each of them stands with the part of WHOSE that it is.
    """

    line: int
    text: str
    bill: NewBill
    whose: tuple[tuple[str, str], ...]
    paid_minor: int = 0
    paid_on: date | None = None


@dataclass(frozen=True)
class BillsFile:
    """A file that was recognised, read to its end."""

    columns: tuple[Column, ...]
    lines: tuple[Line | Problem, ...]
    recognised: str


def read_bills(data: bytes, today: date, *, remind: bool) -> BillsFile:
    """Read a CSV or .xlsx file of bills.

    Raises Invalid in plain words for what is no table, lacks a column, or has too many rows.
    """
    rows = read_rows(data, meaning_of)
    records = rows.read()
    head = next(records, None)
    if head is None:
        raise Invalid("The file is empty.", cure="Choose the one with the bills.", field="file")
    columns = columns_of(head.cells)
    recognised = ", ".join(filter(None, (rows.kind.upper(), rows.encoding, rows.separator)))
    return BillsFile(columns, tuple(_lines(records, columns, today, remind)), recognised)


def _lines(
    records: Iterator[Record], columns: Sequence[Column], today: date, remind: bool
) -> Iterator[Line | Problem]:
    for count, record in enumerate(records, start=1):
        if count > MOST_ROWS:
            raise too_many_rows()
        yield _line(record, columns, today, remind)


def _line(record: Record, columns: Sequence[Column], today: date, remind: bool) -> Line | Problem:
    if record.problem:
        return Problem(record.line, record.text, record.problem)
    said = {
        column.meaning: cell.strip()
        for column, cell in zip(columns, record.cells, strict=False)
        if column.meaning
    }
    try:
        bill = checked(_bill(said, remind), today)
        paid = _paid(said.get("paid", ""), bill)
        paid_on = _paid_on(said["paid_on"], today) if said.get("paid_on") else None
    except Invalid as error:
        return Problem(record.line, record.text, str(error), str(error.facts.get("field", "")))
    whose = tuple((part, said[part]) for part in WHOSE if said.get(part))
    return Line(record.line, record.text, bill, whose, paid, paid_on)


def _bill(said: Mapping[str, str], remind: bool) -> NewBill:
    currency = check_currency(said.get("currency") or current_settings().currency)
    issued = said.get("issued_on", "")
    return NewBill(
        person_id=0,  # not known yet
        title=said.get("title", ""),
        amount_minor=parse_amount(said.get("amount", ""), currency),
        due_on=parse_day(said.get("due_on", ""), "due_on"),
        currency=currency,
        number=said.get("number", ""),
        issued_on=parse_day(issued, "issued_on") if issued else None,
        note=said.get("note", ""),
        remind=remind,
    )


def _paid(written: str, bill: NewBill) -> int:
    """Return what was paid: all of it for "yes", nothing for "no", else the amount that stands there."""
    word = written.strip().casefold()
    if word in NO or word.strip("0.,") == "":
        return 0
    if word == "1" and bill.amount_minor != parse_amount("1", bill.currency):
        cure = "Write yes, or the amount like 1.00."
        raise Invalid("“1” could be a yes or an amount.", cure=cure, field="paid")
    paid = bill.amount_minor if word in YES else parse_amount(written, bill.currency)
    if paid > bill.amount_minor:
        raise Invalid("More was paid than the bill has.", cure="Look at both amounts.", field="paid")
    return paid


def _paid_on(written: str, today: date) -> date:
    day = checked_day(parse_day(written, "paid_on"), "paid_on")
    if day > today:
        raise Invalid(f"{day} is still to come.", cure="Look at the date.", field="paid_on")
    return day
