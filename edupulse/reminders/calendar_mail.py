"""A calendar file that came by mail (iTIP, RFC 5546) is read: what it asks, of which events, in whose name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes

from edupulse import walltime
from edupulse.errors import Invalid
from edupulse.mailboxes.handling import Inbound
from edupulse.reminders.calendar_entry import Participant
from edupulse.reminders.calendar_event import is_cancelled, sequence_of, title_of, uid_of
from edupulse.reminders.calendar_file import BOM, ImportedEvent, read_calendar
from edupulse.reminders.calendar_parts import Component, Problems, read_components
from edupulse.reminders.calendar_values import Moment, ZoneOf, read_moments, read_participant
from edupulse.reminders.calendar_zones import find_zone
from edupulse.reminders.content_lines import Line

LARGEST = 1_000_000  # octets; an invitation has some thousand, one to 500 people a hundred thousand
MOST_ITEMS = 50  # events of one mail; a file with more is somebody's calendar and no invitation
MOST_PEOPLE = 500  # of one event
CALENDAR_TYPES = ("text/calendar", "application/ics")  # the second is what Gmail attaches
WIDER = {"gb2312": "gb18030", "gbk": "gb18030"}  # what is labelled so often holds more characters


@dataclass(frozen=True)
class Item:
    """What a calendar message says of one event, or of one instance of a series."""

    uid: str
    title: str
    line: int  # on which it begins in the file
    sequence: int | None
    stamped_at: datetime | None  # DTSTAMP: when the message was made
    instance: Moment | None  # RECURRENCE-ID
    organizer: Participant | None
    people: tuple[Participant, ...]
    is_cancelled: bool
    comment: str = ""

    @property
    def instance_name(self) -> str:
        """A stable name of the instance, empty for the event as a whole."""
        return f"{self.instance.local:%Y%m%dT%H%M%S}{self.instance.zone}"[:80] if self.instance else ""


@dataclass(frozen=True)
class CalendarMessage:
    """A calendar file with what is asked by it: REQUEST, CANCEL, REPLY, ... or nothing (a file for people)."""

    method: str
    items: tuple[Item, ...]
    data: bytes  # in UTF-8

    @property
    def wanted(self) -> tuple[Item, ...]:
        """Its items, without instances whose series is in it too: these are read with the series."""
        whole = {item.uid for item in self.items if item.instance is None}
        return tuple(item for item in self.items if item.instance is None or item.uid not in whole)

    def events(self, timezone: str) -> tuple[dict[int, ImportedEvent], list[str]]:
        """Return what its events are, by the line on which each begins, and what could not be read."""
        found = read_calendar(self.data, timezone=timezone)
        return {each.line: each for each in found.events}, found.problems


def read_message(message: Inbound, timezone: str) -> CalendarMessage | None:
    """Return the calendar message in a mail, None where it has no calendar file that names an event.

    Many send the same file twice, beside the text and attached: the first that asks something counts.
    `timezone` is the organisation's. Raises Invalid for a file that is far too large.
    """
    found = [each for each in _all(message, timezone) if each.items]
    return next((each for each in found if each.method), found[0] if found else None)


def read_file(data: bytes, timezone: str, *, method: str = "") -> CalendarMessage:
    """Read a calendar file in UTF-8; `method` is what the mail says where the file has none."""
    data = data.replace(b"\x00", b"")  # which no database takes
    whole = read_components(data.decode("utf-8", "replace").removeprefix(BOM), Problems())
    named = next((part.text("METHOD") for part in whole.parts if part.text("METHOD")), method)
    described = {part.text("TZID"): part for part in whole.named("VTIMEZONE")}

    def zone_of(line: Line) -> str:
        tzid = line.params.get("TZID", "")
        return find_zone(tzid, described.get(tzid), timezone).name if tzid else ""

    components = list(whole.named("VEVENT"))
    if len(components) > MOST_ITEMS:
        said = f"The calendar file has {len(components):,} events; that is no invitation."
        raise Invalid(said, cure="Bring it in with Import on the page of the events, if it is wanted.")
    return CalendarMessage(named.strip().upper(), tuple(_item(each, zone_of) for each in components), data)


def _all(message: Inbound, timezone: str) -> Iterator[CalendarMessage]:
    seen = set()
    for index in message.event.calendar:
        data = message.read_attachment(index)
        if data in seen:
            continue
        seen.add(data)
        if len(data) > LARGEST:
            raise Invalid(
                f"The calendar file has {len(data):,} bytes; that is no invitation.",
                cure="Bring it in with Import on the page of the events, if it is wanted.",
            )
        method, charset = _declared(message) if _needs_more(data) else ("", "")
        yield read_file(_in_utf8(data, charset), timezone, method=method)


def _item(component: Component, zone_of: ZoneOf) -> Item:
    organizer = next(_people(component, "ORGANIZER"), None)
    return Item(
        uid=uid_of(component),
        title=title_of(component),
        line=component.number,
        sequence=sequence_of(component) if component.first("SEQUENCE") else None,
        stamped_at=_instant(_moment(component, "DTSTAMP", zone_of)),
        instance=_moment(component, "RECURRENCE-ID", zone_of),
        organizer=organizer,
        people=tuple(_people(component, "ATTENDEE")),
        is_cancelled=is_cancelled(component),
        comment=" ".join(component.text("COMMENT").split())[:300],
    )


def _moment(component: Component, name: str, zone_of: ZoneOf) -> Moment | None:
    line = component.first(name)
    try:
        return read_moments(line, zone_of)[0] if line else None
    except Invalid:
        return None


def _instant(moment: Moment | None) -> datetime | None:
    """Return DTSTAMP as an instant; RFC 5545 section 3.8.7.2 wants it in UTC."""
    if moment is None or moment.is_date:
        return None
    return walltime.to_utc(moment.local, moment.zone) if moment.zone else moment.local.replace(tzinfo=UTC)


def _people(component: Component, name: str) -> Iterator[Participant]:
    for count, line in enumerate(component.all(name)):
        if count >= MOST_PEOPLE:
            return
        try:
            yield read_participant(line)
        except Invalid:
            continue  # somebody without an address can neither invite nor answer


def _needs_more(data: bytes) -> bool:
    """Say whether the mail around the file has to say what it asks, or in which characters it is written."""
    return b"METHOD" not in data.upper() or not _is_utf8(data)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _declared(message: Inbound) -> tuple[str, str]:
    """Return method and charset as the first calendar part of the mail declares them (RFC 6047 section 2.4)."""
    try:
        parts = list(message_from_bytes(message.read_raw()).walk())
    except RecursionError:
        return "", ""
    for part in parts:
        if part.get_content_type() in CALENDAR_TYPES:
            return _parameter(part.get_param("method")), _parameter(part.get_param("charset")).lower()
    return "", ""


def _parameter(value: object) -> str:
    return value if isinstance(value, str) else ""


def _in_utf8(data: bytes, charset: str) -> bytes:
    """Return the file in UTF-8; a charset that nobody knows leaves it as it is."""
    if not charset or _is_utf8(data):
        return data
    try:
        return data.decode(WIDER.get(charset, charset), "replace").encode()
    except LookupError:
        return data
