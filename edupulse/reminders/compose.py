"""A reminder or a notice becomes the mail that one person gets, in their language and on their clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from edupulse.config import current_settings
from edupulse.mail.addresses import parse_named
from edupulse.mail.compose import Attachment, Mail
from edupulse.reminders import when
from edupulse.reminders.calendar import (
    CalendarEntry,
    Method,
    Participant,
    add_to_calendar_links,
    build_calendar,
)
from edupulse.reminders.models import Event, Reminder
from edupulse.reminders.places import Place, map_links
from edupulse.reminders.plan import title_at
from edupulse.reminders.snapshot import Person
from edupulse.reminders.wording import Facts, Link, words

CALENDARS = {  # the likely one first; Google cannot be reached in mainland China
    "en": {"google": "Google Calendar", "outlook": "Outlook.com"},
    "zh": {"outlook": "Outlook.com", "google": "谷歌日历"},
}


def compose(reminder: Reminder, event: Event, person: Person, *, begun: bool = False) -> Mail:
    """Return the mail of `reminder` to `person`; `begun` says that the event has started already.

    The calendar part has the event's UID and SEQUENCE and asks as an invitation does (REQUEST; CANCEL where it
    does not take place): Outlook files a PUBLISH as a second entry, and Gmail takes back only a REQUEST.
    """
    template = "reminder" if reminder.kind in ("reminder", "manual") else reminder.kind
    facts = _facts(reminder, event, person, begun)
    subject, text, html = words(template, person.locale, facts)
    return Mail(
        address=person.email,
        name=person.name,
        subject=subject,
        text=text,
        html=html,
        locale=person.locale,
        headers=_headers(facts.reply_to),
        attachments=(_calendar(reminder, event, person),),
    )


def _facts(reminder: Reminder, event: Event, person: Person, begun: bool) -> Facts:
    theirs, locale, all_day = person.timezone or event.timezone, person.locale, event.all_day
    shown = event.timezone if all_day else theirs  # a day is a day, wherever one is
    is_elsewhere = not all_day and when.differs(reminder.starts_at, theirs, event.timezone)
    there = when.span(reminder.starts_at, reminder.ends_at, event.timezone, locale) if is_elsewhere else ""
    return Facts(
        name=person.name,
        title=title_at(event, reminder.original),
        start=when.start(reminder.starts_at, shown, locale, all_day),
        when=when.span(reminder.starts_at, reminder.ends_at, shown, locale, all_day),
        when_there=there,
        place=reminder.location,
        lines=tuple(event.description.split("\n")) if event.description else (),
        maps=_maps(reminder, event, locale),
        calendars=_calendars(reminder, event, locale),
        reply_to=event.owner.email if event.owner else "",
        begun=begun,
        **_before(reminder.notice, reminder, shown, locale, all_day),
    )


def _before(
    notice: Mapping[str, Any] | None, reminder: Reminder, zone: str, locale: str, all_day: bool
) -> dict[str, str]:
    """Return what a correction strikes out: only what is different now."""
    if not notice:
        return {}
    before = notice["before"]
    starts_at, ends_at = (datetime.fromisoformat(before[name]) for name in ("starts_at", "ends_at"))
    is_moved = (starts_at, ends_at) != (reminder.starts_at, reminder.ends_at)
    return {
        "cause": notice["cause"],
        "old_when": when.span(starts_at, ends_at, zone, locale, all_day) if is_moved else "",
        "old_place": before["place"] if before["place"] != reminder.location else "",
    }


def _maps(reminder: Reminder, event: Event, locale: str) -> tuple[Link, ...]:
    found = _map_links(Place(reminder.location, *_position(reminder, event)), locale)
    return tuple(Link(each.name, each.url) for each in found)


def _position(reminder: Reminder, event: Event) -> tuple[float | None, float | None]:
    """Return the coordinates, unless this one occurrence is somewhere else."""
    own_place = event.overrides.get(reminder.original, {}).get("location")
    return (None, None) if own_place else (event.latitude, event.longitude)


def _calendars(reminder: Reminder, event: Event, locale: str) -> tuple[Link, ...]:
    links = _calendar_links(_entry(reminder, event))
    return tuple(Link(name, links[key]) for key, name in CALENDARS[locale].items())


# The same for everybody of an event.
_map_links = lru_cache(maxsize=256)(map_links)
_calendar_links = lru_cache(maxsize=256)(add_to_calendar_links)


def _calendar(reminder: Reminder, event: Event, person: Person) -> Attachment:
    method: Method = "CANCEL" if reminder.kind == "cancellation" else "REQUEST"
    data = build_calendar(_entry(reminder, event, person), method)
    return Attachment("event.ics", f"text/calendar; method={method}; charset=utf-8", data)


def _entry(reminder: Reminder, event: Event, person: Person | None = None) -> CalendarEntry:
    latitude, longitude = _position(reminder, event)
    return CalendarEntry(
        uid=event.uid,
        sequence=event.sequence,
        changed_at=event.updated_at,
        title=title_at(event, reminder.original),
        starts_at=reminder.starts_at,
        ends_at=reminder.ends_at,
        timezone=event.timezone,
        all_day=event.all_day,
        description=event.description,
        location=reminder.location,
        latitude=latitude,
        longitude=longitude,
        organizer=Participant(event.organizer or _sender()),
        attendees=(Participant(person.email, person.name),) if person else (),
        instance=datetime.fromisoformat(reminder.instance) if event.is_series else None,
    )


def _sender() -> str:
    return _mailbox(current_settings().default_from_email)


@lru_cache(maxsize=4)
def _mailbox(sender: str) -> str:
    return parse_named(sender, field="DEFAULT_FROM_EMAIL")[1].mailbox


def _headers(reply_to: str) -> dict[str, str]:
    """Return the headers that lead to a person: for answers, and for who wants no reminders."""
    write_to = quote(reply_to or _sender(), safe="@")
    headers = {"List-Unsubscribe": f"<mailto:{write_to}?subject=No%20reminders%2C%20please>"}
    return headers | ({"Reply-To": reply_to} if reply_to else {})
