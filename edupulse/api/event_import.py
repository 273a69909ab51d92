"""`/events/import`: a calendar file is brought in, and the answer says what became of each event in it."""

from __future__ import annotations

from typing import Any

from flask import request

from edupulse.accounts.users import find_user
from edupulse.api.answers import facts_of
from edupulse.api.gate import actor, takes
from edupulse.api.idempotency import unkeyed
from edupulse.api.noun import Noun
from edupulse.api.schema import Body, Shown
from edupulse.errors import Invalid
from edupulse.reminders import events
from edupulse.reminders.calendar_file import LARGEST

noun = Noun("event_import", __name__, url_prefix="/events/import")

CALENDAR = "text/calendar"  # RFC 5545 section 8.1
LARGEST_MB = 16  # a file of 5 MB may grow to three times that as JSON


class Calendar(Body):
    """The text of a calendar file (.ics)."""

    calendar: str


class EventName(Shown):
    """An event of the file."""

    id: int
    title: str


class ImportedCalendar(Shown):
    """What became of each event of a file; `rejected` and `notes` are sentences."""

    total: int
    added: list[EventName]
    updated: list[EventName]
    unchanged: list[EventName]
    rejected: list[str]
    notes: list[str]


@noun.post("/", body=Calendar, files=(CALENDAR,), gives=ImportedCalendar)
@takes(LARGEST_MB)
@unkeyed  # a large file takes too long for one transaction; the same file twice changes nothing twice
def import_calendar(body: Calendar | None) -> dict[str, Any]:
    """Bring in the events of a calendar file; the same file twice changes nothing twice."""
    data = body.calendar.encode("utf-8", "replace") if body else request.get_data()
    if len(data) > LARGEST:
        raise Invalid(f"The file is larger than {LARGEST:,} bytes.", cure="Divide it.", field="calendar")
    report = events.import_ics(data, actor(), find_user(actor()).id)
    names = {
        kind: [facts_of(event, EventName) for event in getattr(report, kind)]
        for kind in ("added", "updated", "unchanged")
    }
    return {"total": report.total, "rejected": report.rejected, "notes": report.notes, **names}
