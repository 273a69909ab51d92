"""What a person entered about an event becomes values to store, or one refusal that names every field."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any, TypeVar

from edupulse.errors import Invalid
from edupulse.reminders.people import AttendeeDraft, checked_people
from edupulse.reminders.plaintext import one_line, refuse_control, within
from edupulse.walltime import zone

LONGEST_TITLE = 300  # characters; a subject line shows 60
LONGEST_LOCATION = 500  # characters
LONGEST_DESCRIPTION = 8_000  # characters; keeps the HTML below the 102 kB at which Gmail cuts
LONGEST_EVENT = timedelta(days=366)  # a longer one is a slip in the year
FIRST_YEAR, LAST_YEAR = 1900, 2199  # a birthday may lie far back
MOST_LEADS = 5  # Google Calendar's own limit
LONGEST_LEAD = 40_320  # minutes: four weeks, Google Calendar's own limit
DEFAULT_LENGTH = timedelta(hours=1)  # where no end is given

_LINE_BREAK = re.compile(r"[\r\n\x85\u2028\u2029]")
_EMPTY_LINES = re.compile(r"\n[ \t]*\n\s*\n")
_NOWHERE: tuple[float | None, float | None] = (None, None)
_TITLE_CURE = "Write the title on one line."

T = TypeVar("T")


@dataclass(frozen=True)
class EventDraft:
    """An event as entered. Times are naive, on the clock of `timezone`; of an all-day event the dates count,
    the last day included."""

    title: str
    starts: datetime
    ends: datetime | None = None  # none: an hour later; all-day: the same day
    description: str = ""
    all_day: bool = False
    timezone: str = ""  # empty: the organisation's
    location: str = ""
    latitude: float | None = None  # degrees, WGS 84
    longitude: float | None = None
    rrule: str | None = None  # RFC 5545, without "RRULE:"
    leads: Sequence[int] = ()  # minutes before the start; empty: the organisation's default
    email_reminder: bool = True
    attendees: Sequence[AttendeeDraft] = ()
    exdates: Sequence[datetime] | None = None  # naive starts that are left out; none: as they are
    rdates: Sequence[datetime] | None = None  # naive starts that are added; none: as they are
    overrides: Mapping[str, Mapping[str, Any]] | None = field(default=None)  # none: as they are


def checked(draft: EventDraft, *, default_zone: str, default_locale: str) -> EventDraft:
    """Return `draft` cleaned and complete; an all-day event ends at the midnight after its last day.

    Raises Invalid with a sentence for each field that cannot be used; `facts["fields"]` holds them by field.
    """
    problems = _Problems()
    title = problems.of("title", lambda: _title(draft.title), "")
    description = problems.of("description", lambda: _description(draft.description), "")
    location = problems.of("location", lambda: checked_location(draft.location), "")
    timezone = problems.of("timezone", lambda: _zone(draft.timezone or default_zone), default_zone)
    starts, ends = problems.of(
        "ends",
        lambda: checked_times(draft.starts, draft.ends, all_day=draft.all_day),
        (draft.starts, draft.starts),
    )
    latitude, longitude = problems.of("latitude", lambda: _place(draft), _NOWHERE)
    leads = problems.of("leads", lambda: _leads(draft.leads), tuple[int, ...]())
    attendees = problems.of(
        "attendees", lambda: checked_people(draft.attendees, default_locale), tuple[AttendeeDraft, ...]()
    )
    problems.raise_any()
    return replace(
        draft, title=title, description=description, location=location, timezone=timezone, starts=starts,
        ends=ends, latitude=latitude, longitude=longitude, leads=leads, attendees=attendees,
        rrule=(draft.rrule or "").strip() or None,
    )  # fmt: skip


def checked_location(text: str) -> str:
    """Return a place as one line; raise Invalid if it is too long or cannot be carried."""
    lines = [line.strip() for line in _LINE_BREAK.sub("\n", text).split("\n")]
    return one_line(", ".join(line for line in lines if line), "The place", LONGEST_LOCATION)


def checked_times(starts: datetime, ends: datetime | None, *, all_day: bool) -> tuple[datetime, datetime]:
    """Return naive start and end as they are stored; an all-day event ends at the midnight after its last day.

    Raises Invalid naming the field.
    """
    with _naming("starts"):
        begin = _wall_time(starts, "start")
    finish = _wall_time(ends, "end") if ends else begin + (timedelta(0) if all_day else DEFAULT_LENGTH)
    if all_day:
        begin, finish = _midnight(begin), _midnight(finish) + timedelta(days=1)
    if finish < begin or (all_day and finish == begin):
        said = f"The end ({finish:%Y-%m-%d %H:%M}) is before the start ({begin:%Y-%m-%d %H:%M})."
        raise Invalid(said, cure="Choose an end after the start.", field="ends")
    if finish - begin > LONGEST_EVENT:
        said = f"The event lasts {(finish - begin).days:,} days; at most {LONGEST_EVENT.days} are possible."
        raise Invalid(said, cure="Look at the years.", field="ends")
    return begin, finish


class _Problems:
    """Collects the refusals of all fields, so that one correction round is enough."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}

    def of(self, name: str, check: Callable[[], T], otherwise: T) -> T:
        try:
            return check()
        except Invalid as error:
            self.fields.setdefault(str(error.facts.get("field") or name), str(error))
            return otherwise

    def raise_any(self) -> None:
        if self.fields:
            raise Invalid(" ".join(self.fields.values()), field=next(iter(self.fields)), fields=self.fields)


def _title(text: str) -> str:
    if _LINE_BREAK.search(text):
        raise Invalid("The title has a line break in it.", cure=_TITLE_CURE)
    title = one_line(text, "The title", LONGEST_TITLE)
    if not title:
        raise Invalid("The title is missing.", cure="Say in a few words what the event is.")
    return title


def _description(text: str) -> str:
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    refuse_control(plain, "The description")
    return within(_EMPTY_LINES.sub("\n\n", plain.strip()), "The description", LONGEST_DESCRIPTION)


def _zone(name: str) -> str:
    return zone(name).key


def _wall_time(value: datetime, what: str) -> datetime:
    if value.tzinfo is not None:
        raise Invalid(f"The {what} must be a time on the clock of the event's zone, without an offset.")
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise Invalid(
            f"The {what} is in the year {value.year}.", cure=f"Choose one from {FIRST_YEAR} to {LAST_YEAR}."
        )
    return value.replace(microsecond=0)


def _midnight(at: datetime) -> datetime:
    return datetime.combine(at.date(), time())


def _place(draft: EventDraft) -> tuple[float | None, float | None]:
    latitude, longitude = draft.latitude, draft.longitude
    if latitude is None and longitude is None:
        return None, None
    if latitude is None or longitude is None:
        name = "latitude" if latitude is None else "longitude"
        raise Invalid("A position needs latitude and longitude.", cure="Give both or neither.", field=name)
    swapped = " Are latitude and longitude swapped?" if abs(longitude) <= 90 < abs(latitude) <= 180 else ""
    _degrees(latitude, "latitude", 90, swapped)
    _degrees(longitude, "longitude", 180, "")
    return float(latitude), float(longitude)


def _degrees(value: float, name: str, most: int, hint: str) -> None:
    if not math.isfinite(value) or abs(value) > most:
        cure = f"It is a number from -{most} to {most}.{hint}"
        raise Invalid(f"The {name} {value:g} is not on the globe.", cure=cure, field=name)


def _leads(leads: Sequence[int]) -> tuple[int, ...]:
    if len(leads) > MOST_LEADS:
        raise Invalid(
            f"{len(leads)} reminders per person are too many.",
            cure=f"Choose at most {MOST_LEADS} lead times.",
        )
    for lead in leads:
        if isinstance(lead, bool) or not isinstance(lead, int) or not 1 <= lead <= LONGEST_LEAD:
            cure = f"Choose from 1 minute to {LONGEST_LEAD:,} minutes (four weeks)."
            raise Invalid(f"A lead time of {lead!r} minutes is not possible.", cure=cure)
        if list(leads).count(lead) > 1:
            raise Invalid(f"The lead time of {lead:,} minutes is there twice.", cure="Name each once.")
    return tuple(sorted(leads, reverse=True))


@contextmanager
def _naming(name: str) -> Iterator[None]:
    try:
        yield
    except Invalid as error:
        raise Invalid(error.message, cure=error.cure, field=name) from None
