"""Everything that can be done to an event, for the doors: enter, change, cancel, restore, import."""

from __future__ import annotations

from edupulse.reminders.attendees import add_attendee, change_attendee, remove_attendee
from edupulse.reminders.drafts import EventDraft
from edupulse.reminders.entry import draft_of
from edupulse.reminders.imports import ImportReport, import_ics
from edupulse.reminders.occurrences import (
    cancel_occurrence,
    change_following,
    change_occurrence,
    following_draft,
    restore_occurrence,
)
from edupulse.reminders.people import AttendeeDraft
from edupulse.reminders.saving import cancel_event, change_event, create_event, restore_event

__all__ = [
    "AttendeeDraft",
    "EventDraft",
    "ImportReport",
    "add_attendee",
    "cancel_event",
    "cancel_occurrence",
    "change_attendee",
    "change_event",
    "change_following",
    "change_occurrence",
    "create_event",
    "draft_of",
    "following_draft",
    "import_ics",
    "remove_attendee",
    "restore_event",
    "restore_occurrence",
]
