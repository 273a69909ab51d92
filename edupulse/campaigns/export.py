"""A campaign becomes a file: every mail with its state, its reason and the server's words, for a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from edupulse.campaigns.exports.rows import ExportRows
from edupulse.campaigns.exports.sheet import write_sheet
from edupulse.campaigns.models import Campaign
from edupulse.campaigns.rows import existing
from edupulse.errors import Invalid
from edupulse.tabular.formulas import defused

CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_PIECE = 64 * 1024  # bytes handed on at a time
_IN_MEMORY = 1024 * 1024  # bytes; a larger file goes to disk


@dataclass(frozen=True)
class Exported:
    """What was written: `rows` is the sum of `states`."""

    rows: int
    states: dict[str, int]


def export(campaign_id: int, format: str) -> Iterator[bytes]:
    """Return a campaign as pieces of a CSV (UTF-8 with mark) or XLSX file; memory stays flat.

    It is written whole, to a temporary file, before the first piece: nobody gets half a file after a fault, and the
    database is not held while a slow reader reads. Raises NotFound, and Invalid for another format.
    """
    campaign, write = existing(campaign_id), _writer(format)
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by the one who reads it
    try:
        write(campaign, file)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return _pieces(file)


def write_export(campaign_id: int, format: str, path: Path) -> Exported:
    """Write the same file to `path` and return what is in it. Raises as `export` does."""
    campaign, write = existing(campaign_id), _writer(format)
    with path.open("wb") as file:
        return write(campaign, file)


def export_name(campaign_id: int, format: str) -> str:
    """Return what the file should be called: the campaign's name and number."""
    campaign = existing(campaign_id)
    words = re.sub(r"[^\w-]+", "-", campaign.name).strip("-")[:60]
    return f"{words or 'campaign'}-{campaign.id}.{format}"


def _writer(format: str) -> Callable[[Campaign, IO[bytes]], Exported]:
    writers = {"csv": _write_csv, "xlsx": _write_xlsx}
    if format not in writers:
        raise Invalid(f"There is no export as “{format[:20]}”.", cure="Choose csv or xlsx.", field="format")
    return writers[format]


def _write_csv(campaign: Campaign, file: IO[bytes]) -> Exported:
    rows, states = ExportRows(campaign), Counter[str]()
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    table = csv.writer(text)
    table.writerow([defused(heading) for heading in rows.headings])
    for state, cells in rows:
        table.writerow([defused(cell) if isinstance(cell, str) else cell for cell in cells])
        states[state] += 1
    text.flush()
    text.detach()
    return Exported(states.total(), dict(states))


def _write_xlsx(campaign: Campaign, file: IO[bytes]) -> Exported:
    states = write_sheet(campaign, ExportRows(campaign), file)
    return Exported(sum(states.values()), states)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece
