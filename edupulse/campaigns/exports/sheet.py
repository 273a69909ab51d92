"""Rows of an export become an .xlsx file: one sheet with every mail as plain text, one with the sums."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import IO, Any
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ERROR_CODES, ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

from edupulse.campaigns.exports.rows import Cell, ExportRows
from edupulse.campaigns.models import Campaign
from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.errors import Invalid
from edupulse.tabular.formulas import defused

MOST_ROWS = 1_048_575  # below the headings; what a sheet can hold
LONGEST_TEXT = 32_767  # characters a cell can hold
_WIDE = 32  # width of the first columns, in characters


def write_sheet(campaign: Campaign, rows: ExportRows, file: IO[bytes]) -> dict[str, int]:
    """Write the file and return how many rows are in each state; raises Invalid past MOST_ROWS."""
    book = Workbook(write_only=True)
    mails = book.create_sheet("Mails")
    mails.freeze_panes = "B2"
    for column in ("A", "B"):
        mails.column_dimensions[column].width = _WIDE
    mails.append([_bold(mails, heading) for heading in rows.headings])
    states = Counter[str]()
    for state, cells in rows:
        states[state] += 1
        if states.total() > MOST_ROWS:
            raise Invalid(f"A sheet holds {MOST_ROWS:,} rows.", cure="Export as CSV.")
        mails.append([_plain(mails, cell) for cell in cells])
    _write_sums(book, campaign, states)
    book.save(file)
    return dict(states)


def _write_sums(book: Workbook, campaign: Campaign, states: Counter[str]) -> None:
    sheet = book.create_sheet("Sums")
    sheet.column_dimensions["A"].width = sheet.column_dimensions["B"].width = _WIDE
    for name, value in (
        ("Campaign", campaign.name),
        ("Number", campaign.id),
        ("Purpose", campaign.mailing.purpose),
        ("State", campaign.state),
        ("Written", _moment(now())),
    ):
        sheet.append([_bold(sheet, name), _plain(sheet, value)])
    sheet.append([])
    for state in sorted(states):
        sheet.append([_plain(sheet, state), states[state]])
    sheet.append([_bold(sheet, "Recipients"), states.total()])


def _moment(at: datetime) -> str:
    zone = ZoneInfo(current_settings().timezone)
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S} ({zone.key})"


def _plain(sheet: Any, value: Cell) -> Any:
    """Return a cell that is shown and never computed; an empty one need not be written."""
    if value == "":
        return None
    if isinstance(value, int):
        return value
    text = defused(ILLEGAL_CHARACTERS_RE.sub("", value)[:LONGEST_TEXT])
    if text not in ERROR_CODES:
        return text
    cell = WriteOnlyCell(sheet, text)  # a name such as #N/A would become an error
    cell.data_type = "s"
    return cell


def _bold(sheet: Any, text: str) -> Any:
    cell = WriteOnlyCell(sheet, defused(text))
    cell.font = Font(bold=True)
    return cell
