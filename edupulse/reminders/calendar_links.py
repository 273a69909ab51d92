"""Links that open an event as a new entry in a reader's web calendar."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from edupulse.reminders.calendar_entry import CalendarEntry

LONGEST_DETAILS = 1_000  # characters of the description; some mail programs break longer links
GOOGLE = "https://calendar.google.com/calendar/render"
OUTLOOK = "https://outlook.live.com/calendar/0/deeplink/compose"  # not documented by its maker, long in use


def add_to_calendar_links(entry: CalendarEntry) -> dict[str, str]:
    """Return the links by name: "google", and "outlook" for outlook.com."""
    return {"google": _google(entry), "outlook": _outlook(entry)}


def _google(entry: CalendarEntry) -> str:
    form = "%Y%m%d" if entry.all_day else "%Y%m%dT%H%M%SZ"
    begin, end = (f"{at:{form}}" for at in _moments(entry))
    return _link(
        GOOGLE,
        action="TEMPLATE",
        text=entry.title,
        dates=f"{begin}/{end}",
        ctz=entry.timezone,
        location=entry.location,
        details=entry.description[:LONGEST_DETAILS],
        recur=f"RRULE:{entry.strict_rrule}" if entry.rrule else "",
    )


def _outlook(entry: CalendarEntry) -> str:
    form = "%Y-%m-%d" if entry.all_day else "%Y-%m-%dT%H:%M:%SZ"
    begin, end = (f"{at:{form}}" for at in _moments(entry))
    return _link(
        OUTLOOK,
        path="/calendar/action/compose",
        rru="addevent",
        subject=entry.title,
        startdt=begin,
        enddt=end,
        allday="true" if entry.all_day else "",
        location=entry.location,
        body=entry.description[:LONGEST_DETAILS],
    )


def _moments(entry: CalendarEntry) -> tuple[datetime, datetime]:
    """Return start and end: local days for an all-day event, else instants in UTC."""
    if entry.all_day:
        return entry.local(entry.starts_at), entry.local(entry.ends_at)
    return entry.starts_at.astimezone(UTC), entry.ends_at.astimezone(UTC)


def _link(address: str, **query: str) -> str:
    given = {key: value for key, value in query.items() if value}
    return f"{address}?{urlencode(given, errors='replace', quote_via=quote)}"
