"""Instants and durations become words in the language of the page, on the organisation's clock or an event's."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from edupulse import clock
from edupulse.config import current_settings
from edupulse.reminders.models import Event
from edupulse.web.languages import content_locale
from edupulse.web.moment_words import MomentWords, moment_words

ON_TIME_SECONDS = 2  # the promise of the reminder line
STEPS = ((86_400, "days"), (3_600, "hours"), (60, "minutes"))  # seconds and their unit


class TakesPlace(Protocol):
    """An event, or one occurrence of it."""

    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...


def moment(at: datetime | None, *, short: bool = False) -> str:
    """Return `at` as a <time>: "Today 15:04 CET", short "15:04"; the full date as title, a dash for None."""
    if at is None:
        return _dash()
    local, today = at.astimezone(_zone()), clock.now().astimezone(_zone())
    if short:
        return _time(
            at,
            f"{local:%H:%M}" if local.date() == today.date() else f"{_day(local, today)} {local:%H:%M}",
            full(at),
        )
    return _time(at, spoken(at), full(at))


def spoken(at: datetime) -> str:
    """Return `at` in words for a sentence: "Today 15:04 CET"."""
    local, today = at.astimezone(_zone()), clock.now().astimezone(_zone())
    return f"{_day(local, today)} {local:%H:%M} {zone_abbreviation(local)}"


def ago(at: datetime | None) -> str:
    """Return how far `at` is from now, as a <time>: "in 5 min", "2 h ago"; the script keeps it fresh."""
    if at is None:
        return _dash()
    return _time(at, relative(at, clock.now()), full(at), relative_words=True)


def relative(at: datetime, now: datetime) -> str:
    """Return the distance in words."""
    seconds = (at - now).total_seconds()
    if abs(seconds) < 10:
        return _words().now
    distance = span(timedelta(seconds=abs(seconds)))
    return (_words().ahead if seconds > 0 else _words().ago).format(distance)


def full(at: datetime) -> str:
    """Return the whole date and time: "Sun 22 Nov 2026, 15:04:05 CET"."""
    local = at.astimezone(_zone())
    return f"{_date_of_year(local)}{_words().comma}{local:%H:%M:%S} {zone_abbreviation(local)}"


def span(length: timedelta | float | None) -> str:
    """Return a duration in its largest sensible unit: "3.2 s", "5 min", "2 h 10 min"."""
    if length is None:
        return "–"
    seconds = length.total_seconds() if isinstance(length, timedelta) else float(length)
    words = _words()
    if seconds < 1:
        return words.counted(max(0, round(seconds * 1000)), "milliseconds")
    if seconds < 60:
        return words.counted(f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}", "seconds")
    size, unit = next(step for step in STEPS if seconds >= step[0])
    whole, rest = divmod(int(seconds), size)
    said = words.counted(whole, unit)
    return f"{said} {words.counted(rest // 60, 'minutes')}" if size == 3_600 and rest >= 60 else said


def late(by: timedelta) -> str:
    """Return how late something was: "on time" within two seconds, else "5 min late"."""
    return _words().on_time if by.total_seconds() < ON_TIME_SECONDS else _words().late.format(span(by))


def when(item: TakesPlace, event: Event) -> str:
    """Return when a date of `event` is on its own clock: "Sun 22 Nov 2026, 10:00–11:00 CET"."""
    starts, ends = (on_its_clock(at, event.timezone) for at in (item.starts_at, item.ends_at))
    first, words = _date_of_year(starts), _words()
    if event.all_day:
        last = max(starts, ends - timedelta(days=1)).date()
        days = first if last == starts.date() else f"{first} – {_date_of_year(last)}"
        return f"{days}{words.comma}{words.all_day}"
    return f"{first}{words.comma}{_hours(starts, ends)} {zone_abbreviation(starts)}"


def whole_day(at: datetime, zone_name: str) -> str:
    """Return the day that begins at `at` on the clock of a zone: "Fri 27 Nov"."""
    return _date(on_its_clock(at, zone_name))


def on_its_clock(at: datetime, zone_name: str) -> datetime:
    """Return `at` on the clock of a zone."""
    return at.astimezone(ZoneInfo(zone_name))


def month(day: date) -> str:
    """Return "Nov"."""
    return _words().months[day.month - 1]


def weekday(day: date) -> str:
    """Return "Sun"."""
    return _words().weekdays[day.weekday()]


def hour(at: datetime) -> str:
    """Return "14:00" on the organisation's clock."""
    return f"{at.astimezone(_zone()):%H:%M}"


def iso(at: datetime) -> str:
    """Return `at` in UTC as machines read it."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def zone_abbreviation(local: datetime) -> str:
    """Return "CET", or "UTC-03" where the zone has no letters of its own."""
    name = local.tzname() or "UTC"
    return name if name[:1].isalpha() else f"UTC{name}"


def _hours(starts: datetime, ends: datetime) -> str:
    if starts == ends:
        return f"{starts:%H:%M}"
    if starts.date() == ends.date():
        return f"{starts:%H:%M}–{ends:%H:%M}"
    return f"{starts:%H:%M} – {_date_of_year(ends)}{_words().comma}{ends:%H:%M}"


def _zone() -> tzinfo:
    return ZoneInfo(current_settings().timezone)


def _day(local: datetime, today: datetime) -> str:
    near = _words().near.get((local.date() - today.date()).days)
    if near:
        return near
    return _date(local) if local.year == today.year else _date_of_year(local)


def _date(day: date) -> str:
    return _words().date.format(**_parts(day))


def _date_of_year(day: date) -> str:
    return _words().date_of_year.format(**_parts(day))


def _parts(day: date) -> dict[str, object]:
    return {"weekday": weekday(day), "day": day.day, "month": month(day), "year": day.year}


def _words() -> MomentWords:
    return moment_words(content_locale())


def _time(at: datetime, words: str, title: str, *, relative_words: bool = False) -> Markup:
    mark = Markup(" data-relative") if relative_words else ""
    return Markup('<time datetime="{}" title="{}"{}>{}</time>').format(iso(at), title, mark, escape(words))


def _dash() -> Markup:
    return Markup('<span class="quiet">–</span>')
