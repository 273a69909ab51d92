"""What a calendar needs to know of an event: the plain values from which files and links are made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from edupulse import walltime
from edupulse.reminders.rrule import parse_rrule, until_text, with_end


@dataclass(frozen=True)
class Participant:
    """A person in a calendar file; `answer` is a PARTSTAT of RFC 5545 section 3.2.12."""

    email: str
    name: str = ""
    answer: str = "NEEDS-ACTION"


@dataclass(frozen=True)
class CalendarEntry:
    """An event, or one occurrence of a series.

    Instants are aware; `exdates`, `rdates` and `instance` (the RECURRENCE-ID) are naive times of `timezone`.
    The end of an all-day event is excluded. `changed_at` is when this version was made, `sequence` its rank.
    """

    uid: str
    sequence: int
    changed_at: datetime
    title: str
    starts_at: datetime
    ends_at: datetime
    timezone: str
    all_day: bool = False
    description: str = ""
    location: str = ""
    latitude: float | None = None
    longitude: float | None = None
    url: str = ""
    organizer: Participant | None = None
    attendees: tuple[Participant, ...] = ()
    cancelled: bool = False
    rrule: str | None = None
    exdates: tuple[datetime, ...] = ()
    rdates: tuple[datetime, ...] = ()
    instance: datetime | None = None

    @property
    def keeps_its_clock(self) -> bool:
        """Whether times are written on the clock of the event's zone, as a series and its instances need."""
        in_a_series = bool(self.rrule or self.rdates or self.instance)
        return in_a_series and not self.all_day and self.timezone != "UTC"

    @property
    def strict_rrule(self) -> str:
        """The rule with UNTIL as RFC 5545 wants it: a date for an all-day event, else an instant in UTC."""
        text = (self.rrule or "").removeprefix("RRULE:")
        until = parse_rrule(text).until if text else None
        if until is None:
            return text
        if self.all_day:
            return with_end(
                text, UNTIL=until_text(self.local(until) if until.tzinfo else until, date_only=True)
            )
        return with_end(
            text, UNTIL=until_text(until if until.tzinfo else walltime.to_utc(until, self.timezone))
        )

    def local(self, instant: datetime) -> datetime:
        """Return what the clock of the event's zone reads at an instant."""
        return walltime.to_local(instant, self.timezone)


def event_uid(event_id: int, domain: str) -> str:
    """Return the UID that an event keeps for ever."""
    return f"event-{event_id}@{domain}"
