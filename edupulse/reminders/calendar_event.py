"""One VEVENT of a calendar file becomes an event to import, or one changed instance of another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from edupulse.errors import Invalid
from edupulse.reminders.calendar_alarms import read_leads
from edupulse.reminders.calendar_entry import Participant
from edupulse.reminders.calendar_parts import Component
from edupulse.reminders.calendar_values import (
    Moment,
    Surroundings,
    read_duration,
    read_moments,
    read_participant,
    read_position,
    unusable,
)
from edupulse.reminders.recurrence import Override, Series, validate_series

MOST_ATTENDEES = 500  # of one event
LONGEST_UID, LONGEST_TITLE, LONGEST_TEXT = 255, 500, 10_000  # characters
NO_TITLE = "(untitled)"
DAY = timedelta(days=1)


@dataclass(frozen=True)
class ImportedEvent:
    """An event of a file: when it takes place, what it says, and the line on which it begins there."""

    uid: str
    sequence: int
    title: str
    series: Series
    description: str = ""
    location: str = ""
    latitude: float | None = None
    longitude: float | None = None
    url: str = ""
    organizer: Participant | None = None
    attendees: tuple[Participant, ...] = ()
    leads: tuple[int, ...] = ()  # minutes before the start, the longest first
    cancelled: bool = False
    line: int = 0


def read_event(component: Component, file: Surroundings) -> ImportedEvent:
    """Return the event of a VEVENT; raise Invalid if its time cannot be used, note what else is left out."""
    series = _series(component, file)
    latitude, longitude = _position(component, file)
    organizer = _people(component, "ORGANIZER", file)
    return ImportedEvent(
        uid=uid_of(component),
        sequence=sequence_of(component),
        title=title_of(component) or NO_TITLE,
        series=series,
        description=component.text("DESCRIPTION")[:LONGEST_TEXT],
        location=location_of(component),
        latitude=latitude,
        longitude=longitude,
        url=component.text("URL")[:LONGEST_TITLE],
        organizer=organizer[0] if organizer else None,
        attendees=_people(component, "ATTENDEE", file),
        leads=read_leads(component, series, file),
        cancelled=is_cancelled(component),
        line=component.number,
    )


def read_override(component: Component, series: Series, file: Surroundings) -> tuple[datetime, Override]:
    """Return which instance of the series a VEVENT with RECURRENCE-ID changes, by its local time, and how."""
    original = _one(component, "RECURRENCE-ID", file).on(series.timezone, if_date=series.starts)
    if is_cancelled(component):
        return original, Override(cancelled=True)
    start = _one(component, "DTSTART", file)
    starts = start.on(series.timezone, if_date=series.starts)
    ends = _end(component, start, file).on(series.timezone)
    title, location = title_of(component), location_of(component)
    return original, Override(
        starts=starts, ends=max(ends, starts), title=title or None, location=location or None
    )


def uid_of(component: Component) -> str:
    """Return the UID of a VEVENT, or one made of its content where it has none or an endless one."""
    uid = component.text("UID")
    if uid and len(uid) <= LONGEST_UID:
        return uid
    content = uid or "\n".join(f"{line.name}:{line.value}" for line in component.lines)
    return f"import-{sha256(content.encode('utf-8', 'replace')).hexdigest()[:32]}"


def sequence_of(component: Component) -> int:
    """Return the SEQUENCE of a VEVENT, 0 where it has none that can be read."""
    text = component.text("SEQUENCE")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0


def title_of(component: Component) -> str:
    """Return the SUMMARY in one line."""
    return " ".join(component.text("SUMMARY").split())[:LONGEST_TITLE]


def location_of(component: Component) -> str:
    """Return the LOCATION in one line."""
    return " ".join(component.text("LOCATION").split())[:LONGEST_TITLE]


def is_cancelled(component: Component) -> bool:
    """Say whether a VEVENT is called off."""
    return component.text("STATUS").upper() == "CANCELLED"


def _series(component: Component, file: Surroundings) -> Series:
    rules = list(component.all("RRULE"))
    refused = [*component.all("EXRULE"), *rules[1:]]
    if refused:
        raise unusable(refused[0], "is a second rule", "Give an event one RRULE, and exceptions as EXDATE.")
    start = _one(component, "DTSTART", file)
    timezone = _timezone(start, file.timezone, repeats=bool(rules) or component.first("RDATE") is not None)
    starts = start.on(timezone)
    series = Series(
        starts=starts,
        ends=_end(component, start, file).on(timezone),
        timezone=timezone,
        all_day=start.is_date,
        rrule=rules[0].value.strip() if rules else None,
        exdates=_local_times(component, "EXDATE", starts, timezone, file),
        rdates=_local_times(component, "RDATE", starts, timezone, file),
    )
    validate_series(series)
    return series


def _timezone(start: Moment, organisation: str, *, repeats: bool) -> str:
    """Return the zone on whose clock the event is kept; a single one in UTC is kept on the organisation's."""
    if start.zone and start.zone != "UTC":
        return start.zone
    if start.zone == "UTC" and (repeats or not _comes_back(start, organisation)):
        return "UTC"
    return organisation


def _comes_back(start: Moment, organisation: str) -> bool:
    """Say whether the clock of that zone names the moment without doubt: not the second of two like hours."""
    return Moment(start.on(organisation), organisation).on("UTC") == start.local


def _one(component: Component, name: str, file: Surroundings) -> Moment:
    line = component.first(name)
    if line is None:
        raise Invalid(f"The event has no {name}.", cure="Give it one.", line=component.number)
    return read_moments(line, file.zone_of)[0]


def _end(component: Component, start: Moment, file: Surroundings) -> Moment:
    """Return DTEND, or the start and DURATION; without both a day for a date, no time for a time."""
    end = component.first("DTEND")
    if end is not None:
        moment = read_moments(end, file.zone_of)[0]
        if moment.is_date != start.is_date:
            raise unusable(end, "does not go with DTSTART", "Make both dates or both times.")
        return start.later(DAY) if moment == start and start.is_date else moment
    duration = component.first("DURATION")
    length = read_duration(duration) if duration else timedelta()
    return start.later(max(length, DAY) if start.is_date else length)


def _local_times(
    component: Component, name: str, starts: datetime, timezone: str, file: Surroundings
) -> tuple[datetime, ...]:
    """Return the exceptions of that name as local times; a date alone means the event's time on it."""
    moments = (moment for line in component.all(name) for moment in read_moments(line, file.zone_of))
    return tuple(sorted({moment.on(timezone, if_date=starts) for moment in moments}))


def _position(component: Component, file: Surroundings) -> tuple[float, float] | tuple[None, None]:
    line = component.first("GEO")
    if line is not None:
        with file.leaving_out(line.number):
            return read_position(line)
    return None, None


def _people(component: Component, name: str, file: Surroundings) -> tuple[Participant, ...]:
    """Return the people of that role, each address once, without rooms and things."""
    people: dict[str, Participant] = {}
    for line in component.all(name):
        if len(people) >= MOST_ATTENDEES:
            file.problems.add(line.number, f"more than {MOST_ATTENDEES} people; the rest was left out.")
            break
        if line.params.get("CUTYPE", "").upper() in ("ROOM", "RESOURCE"):
            continue
        with file.leaving_out(line.number):
            person = read_participant(line)
            people.setdefault(person.email.lower(), person)
    return tuple(people.values())
