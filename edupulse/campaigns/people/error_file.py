"""The lines of a source that were turned away become a table that can be corrected and sent again."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from edupulse.campaigns.models import Intake
from edupulse.campaigns.people.sieve import MOST_ERRORS
from edupulse.database import db
from edupulse.errors import NotFound
from edupulse.tabular.formulas import defused

GONE = "It may have been taken out again: choose one from the list of intakes."
HEADINGS = ("line", "problem", "the line as it was")


def error_file(intake_id: int, *, of: int | None = None) -> bytes:
    """Return the lines that an intake turned away, as CSV (UTF-8 with mark).

    Raises NotFound, also for one that is not `of` the campaign named.
    """
    intake = db.session.get(Intake, intake_id)
    if intake is None or of not in (None, intake.campaign_id):
        raise NotFound(f"There is no intake {intake_id}.", cure=GONE, intake_id=intake_id)
    return errors_as_csv(intake.errors, rejected=intake.rejected)


def errors_as_csv(errors: Iterable[Mapping[str, Any]], *, rejected: int = 0) -> bytes:
    """Return rejected lines as CSV; `rejected` is how many there are, should not all of them be kept."""
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(HEADINGS)
    for each in errors:
        table.writerow((each["line"], defused(each["problem"]), defused(each["text"])))
    if rejected > MOST_ERRORS:
        table.writerow(("", f"{rejected - MOST_ERRORS:,} more lines were rejected.", ""))
    return written.getvalue().encode("utf-8-sig")
