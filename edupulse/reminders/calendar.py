"""An event becomes a calendar file (RFC 5545, RFC 5546) that Google, Apple and Outlook take.

Every version of an event has the same UID and a SEQUENCE that never falls, so that calendars change the entry
they have instead of adding another. A plain event is written in UTC, which every program reads alike; a
series, or one instance of it, on the clock of its zone, whose rules the file then carries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

from edupulse import walltime
from edupulse.errors import Invalid
from edupulse.reminders.calendar_entry import CalendarEntry as CalendarEntry
from edupulse.reminders.calendar_entry import Participant as Participant
from edupulse.reminders.calendar_entry import event_uid as event_uid
from edupulse.reminders.calendar_file import Imported as Imported
from edupulse.reminders.calendar_file import ImportedEvent as ImportedEvent
from edupulse.reminders.calendar_file import read_calendar as read_calendar
from edupulse.reminders.calendar_links import add_to_calendar_links as add_to_calendar_links
from edupulse.reminders.content_lines import escape, write_line
from edupulse.reminders.places import coordinates, degrees
from edupulse.reminders.vtimezone import vtimezone

Method = Literal["PUBLISH", "REQUEST", "CANCEL"]
DAY, LOCAL, INSTANT = "%Y%m%d", "%Y%m%dT%H%M%S", "%Y%m%dT%H%M%SZ"
WEB = re.compile(r"https?://[^\s\x00-\x1f]+")
BLANKS = re.compile(r"[\x00-\x20\x7f]")


def build_calendar(entry: CalendarEntry, method: Method) -> bytes:
    """Return a calendar file of one event, in UTF-8.

    PUBLISH informs and names no attendees; REQUEST invites or changes and CANCEL calls off, for the attendees
    of an organizer (RFC 5546 section 3.2). Raises Invalid where these are missing or no place is on earth.
    """
    if method != "PUBLISH" and not (entry.organizer and entry.attendees):
        cure = "Name the organizer and at least one attendee, or use PUBLISH."
        raise Invalid(f"A calendar file with {method} needs people.", cure=cure, field="attendees")
    return b"".join([*_head(entry, method), *_event(entry, method), write_line("END", "VCALENDAR")])


def _head(entry: CalendarEntry, method: Method) -> Iterator[bytes]:
    yield write_line("BEGIN", "VCALENDAR")
    yield write_line("VERSION", "2.0")
    yield write_line("PRODID", "-//EduPulse//EduPulse//EN")
    yield write_line("CALSCALE", "GREGORIAN")
    yield write_line("METHOD", method)
    if entry.keeps_its_clock:
        year = max(
            entry.local(entry.starts_at).year, entry.changed_at.year
        )  # a start long ago needs rules of today
        yield vtimezone(entry.timezone, year)


def _event(entry: CalendarEntry, method: Method) -> Iterator[bytes]:
    yield write_line("BEGIN", "VEVENT")
    yield write_line("UID", escape(entry.uid))
    yield write_line("SEQUENCE", str(entry.sequence))
    yield write_line("DTSTAMP", entry.changed_at.astimezone(UTC).strftime(INSTANT))
    yield from _times(entry)
    yield from _texts(entry)
    yield from _position(entry)
    yield write_line("STATUS", "CANCELLED" if entry.cancelled or method == "CANCEL" else "CONFIRMED")
    if entry.organizer:
        yield _person("ORGANIZER", entry.organizer)
    for attendee in entry.attendees if method != "PUBLISH" else ():
        yield _person("ATTENDEE", attendee, ROLE="REQ-PARTICIPANT", PARTSTAT=attendee.answer, RSVP="TRUE")
    yield write_line("END", "VEVENT")


def _times(entry: CalendarEntry) -> Iterator[bytes]:
    yield _instant(entry, "DTSTART", entry.starts_at)
    if entry.ends_at > entry.starts_at:  # RFC 5545 section 3.6.1: an end is later than the start, or absent
        yield _instant(entry, "DTEND", entry.ends_at)
    if entry.rrule:
        yield write_line("RRULE", entry.strict_rrule)
    if entry.exdates:
        yield _local_times(entry, "EXDATE", entry.exdates)
    if entry.rdates:
        yield _local_times(entry, "RDATE", entry.rdates)
    if entry.instance:
        yield _local_times(entry, "RECURRENCE-ID", (entry.instance,))


def _instant(entry: CalendarEntry, name: str, at: datetime) -> bytes:
    if entry.all_day or entry.keeps_its_clock:
        return _local_times(entry, name, (entry.local(at),))
    return write_line(name, at.astimezone(UTC).strftime(INSTANT))


def _local_times(entry: CalendarEntry, name: str, times: tuple[datetime, ...]) -> bytes:
    """Return a line of local times in the form in which the event's start is written."""
    if entry.all_day:
        return write_line(name, ",".join(at.strftime(DAY) for at in times), VALUE="DATE")
    if entry.keeps_its_clock:
        return write_line(name, ",".join(at.strftime(LOCAL) for at in times), TZID=entry.timezone)
    return write_line(name, ",".join(walltime.to_utc(at, entry.timezone).strftime(INSTANT) for at in times))


def _texts(entry: CalendarEntry) -> Iterator[bytes]:
    texts = {"SUMMARY": entry.title, "DESCRIPTION": entry.description, "LOCATION": entry.location}
    yield from (write_line(name, escape(text)) for name, text in texts.items() if text)
    if WEB.fullmatch(entry.url):
        yield write_line("URL", entry.url)


def _position(entry: CalendarEntry) -> Iterator[bytes]:
    position = coordinates(entry.latitude, entry.longitude)
    if position is None:
        return
    north, east = map(degrees, position)
    yield write_line("GEO", f"{north};{east}")
    # Apple's calendars show a map, and the time to leave, only with this line of their own.
    title = entry.location or entry.title
    yield write_line("X-APPLE-STRUCTURED-LOCATION", f"geo:{north},{east}", VALUE="URI", **{"X-TITLE": title})


def _person(name: str, person: Participant, **params: str) -> bytes:
    named = {"CN": person.name} if person.name else {}
    return write_line(name, f"mailto:{BLANKS.sub('', person.email)}", **named, **params)
