"""`/bills/import`: a file of bills is taken in or only looked into; the answer says what became of each line."""

from __future__ import annotations

from typing import Any

from flask import request
from pydantic import Field

from edupulse.api.answers import facts_of
from edupulse.api.gate import actor, takes
from edupulse.api.idempotency import unkeyed
from edupulse.api.noun import Noun
from edupulse.api.schema import Body, Query, Shown, Text
from edupulse.finance import intake

noun = Noun("bill_import", __name__, url_prefix="/bills/import")

FILES = (
    "text/csv", "text/plain", "text/tab-separated-values", "application/octet-stream", "application/vnd.ms-excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)  # fmt: skip
LARGEST_MB = 25


class ReadingBills(Query):
    """How a file is taken in."""

    dry_run: bool = Field(False, description="Only say what would be entered.")
    remind: bool = Field(True, description="Whether mails remind of the bills.")
    filename: Text = Field("", description="The name of the file in the body.")


class BillTable(Body):
    """The text of a table, headings first."""

    table: Text = Field(examples=["person,title,amount,due\nS-17,Piano,85.00,2026-03-31"])


class BillProblem(Shown):
    """A line that cannot be used, and why."""

    line: int
    text: str
    problem: str


class BillIntake(Shown):
    """What became of the lines: read = added + same + rejected."""

    dry_run: bool
    read: int
    added: int
    same: int
    rejected: int
    problems: list[BillProblem]


@noun.post("/", body=BillTable, query=ReadingBills, files=FILES, gives=BillIntake)
@takes(LARGEST_MB)
@unkeyed  # a large file is read first, too long for a transaction; the same file twice enters nothing twice
def import_bills(body: BillTable | None, query: ReadingBills) -> dict[str, Any]:
    """Enter the bills of a file, sent as the body or as JSON; a number that is known with the same content stays."""
    data = body.table.encode("utf-8", "replace") if body else request.get_data(cache=False)
    report = intake.take_in(
        data, query.filename or "bills.csv", actor=actor(), dry_run=query.dry_run, remind=query.remind
    )
    figures = {name: getattr(report, name) for name in ("read", "added", "same", "rejected")}
    return {
        "dry_run": query.dry_run,
        **figures,
        "problems": [facts_of(each, BillProblem) for each in report.problems],
    }
