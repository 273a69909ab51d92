"""People as they are typed: `Name <address>`, with remarks in brackets, as the form of an event reads them."""

from __future__ import annotations

from collections.abc import Iterable

from edupulse.reminders.attendee_lines import read_lines
from edupulse.reminders.people import AttendeeDraft


def people_in(lines: Iterable[str]) -> list[AttendeeDraft]:
    """Return the people in `lines`; raises Invalid naming each line that cannot be read."""
    return read_lines("\n".join(lines))
