"""Which hour, day, week or month a report is about: edges on the organisation's clock, as instants in UTC.

Each period ends where the next one of its kind begins, also where the clock changes: a day has 23 to 25 hours, and the
hour that autumn repeats is two hours, each with a report of its own. Weeks begin on Monday (ISO 8601).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from babel.dates import format_date, format_interval

from edupulse.errors import Invalid
from edupulse.reports.models import KINDS
from edupulse.reports.starts import day_of, instant_of
from edupulse.walltime import to_local, to_utc

MOMENT = timedelta(
    microseconds=1
)  # the smallest step of our clock: what lies so far before a start is before it
HOUR = timedelta(hours=1)
PART_OF_AN_HOUR = timedelta(minutes=5)  # one bar of a chart: twelve of them are seen at a glance
# British English has the day before the month and 24 hours: no doubt about months, nor about am and pm.
_BABEL = {"en": "en_GB", "zh": "zh_Hans_CN"}
_MONTH = {"en": "MMMM y", "zh": "y年M月"}
_SHORT_DAY = {"en": "d MMM", "zh": "M月d日"}
_HOUR = {"en": "{}, {} ({})", "zh": "{} {}（{}）"}


@dataclass(frozen=True)
class Period:
    """From `starts_at` until before `ends_at`, both aware in UTC; `timezone` is whose hours and days these are."""

    kind: str  # one of KINDS
    starts_at: datetime
    ends_at: datetime
    timezone: str


def last_over(kind: str, now: datetime, zone_name: str) -> Period:
    """Return the last period of `kind` that is over at `now`. Raises Invalid for another kind or zone."""
    return before(around(kind, now, zone_name))


def around(kind: str, at: datetime, zone_name: str) -> Period:
    """Return the period of `kind` in which the aware instant `at` lies."""
    check_kind(kind)
    if kind == "hourly":
        return Period(kind, *_hour(at, zone_name), zone_name)
    first, behind = _DAYS[kind](to_local(at, zone_name).date())
    return Period(kind, _midnight(first, zone_name), _midnight(behind, zone_name), zone_name)


def period_at(kind: str, start: str, zone_name: str) -> Period:
    """Return the period that `start` names: a day "2026-03-12" (any of the week), a month "2026-03" (or any day of it),
    an hour "2026-03-12T09".

    In the hour that the clock shows twice, the first is meant; an offset ("2026-10-25T02:00+01:00") names either. An
    instant with an offset names the period in which it lies, of every kind.
    Raises Invalid with the field "start".
    """
    check_kind(kind)
    written = start.strip()
    if kind == "hourly":
        return around(kind, instant_of(written, zone_name), zone_name)
    whole = f"{written}-01" if kind == "monthly" and len(written) == len("2026-03") else written
    day = day_of(whole, zone_name)
    return around(kind, _midnight(day, zone_name), zone_name)


def before(period: Period) -> Period:
    """Return the period of the same kind that ends where this one begins."""
    return around(period.kind, period.starts_at - MOMENT, period.timezone)


def after(period: Period) -> Period:
    """Return the period of the same kind that begins where this one ends."""
    return around(period.kind, period.ends_at, period.timezone)


def parts(period: Period) -> list[datetime]:
    """Return the edges of the parts that a chart shows, first and last included: five minutes of an hour, hours of a
    day, days of a week or month."""
    edges = [period.starts_at]
    step = _STEPS[period.kind]
    while edges[-1] < period.ends_at:
        edges.append(min(step(edges[-1], period.timezone), period.ends_at))
    return edges


def title(period: Period, locale: str) -> str:
    """Return the period in words: "Thursday, 12 March 2026, 09:00–10:00 (UTC+1)", "9–15 March 2026", "March 2026"."""
    language = "zh" if locale == "zh" else "en"
    first, last = (to_local(at, period.timezone) for at in (period.starts_at, period.ends_at - MOMENT))
    if period.kind == "hourly":
        return _hour_words(first, period, language)
    if period.kind == "daily":
        return _formatted(first, "full", language)
    if period.kind == "monthly":
        return _formatted(first, _MONTH[language], language)
    return str(format_interval(first.date(), last.date(), "yMMMMd", locale=_BABEL[language]))


def part_words(at: datetime, period: Period, locale: str) -> str:
    """Return the part of a period that begins at `at` in words: "09:05", "09:00", "12 Mar"."""
    local, language = to_local(at, period.timezone), "zh" if locale == "zh" else "en"
    is_day = period.kind in ("weekly", "monthly")
    return _formatted(local, _SHORT_DAY[language], language) if is_day else f"{local:%H:%M}"


def check_kind(kind: str) -> str:
    """Return `kind` if reports are of it; raises Invalid with the field "kind"."""
    if kind not in KINDS:
        cure = f"Choose one of {', '.join(KINDS)}."
        raise Invalid(f"There are no reports of the kind “{kind[:40]}”.", cure=cure, field="kind")
    return kind


def _hour_words(first: datetime, period: Period, language: str) -> str:
    # With the offset, because in autumn one hour stands on the clock twice.
    offset = to_utc(first, "UTC") - period.starts_at
    sign, minutes = "-" if offset < timedelta(0) else "+", abs(offset) // timedelta(minutes=1)
    zone_words = f"UTC{sign}{minutes // 60}" + (f":{minutes % 60:02d}" if minutes % 60 else "")
    end = to_local(period.ends_at, period.timezone)
    day = _formatted(first, "full", language)
    return _HOUR[language].format(day, f"{first:%H:%M}–{end:%H:%M}", zone_words if minutes else "UTC")


def _formatted(when: datetime, form: str, language: str) -> str:
    return str(format_date(when, form, locale=_BABEL[language]))


def _one_day(day: date) -> tuple[date, date]:
    return day, day + timedelta(days=1)


def _week(day: date) -> tuple[date, date]:
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=7)


def _month(day: date) -> tuple[date, date]:
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1)


_DAYS: dict[str, Callable[[date], tuple[date, date]]] = {
    "daily": _one_day,
    "weekly": _week,
    "monthly": _month,
}


def _midnight(day: date, zone_name: str) -> datetime:
    return to_utc(datetime.combine(day, time()), zone_name)


def _hour(at: datetime, zone_name: str) -> tuple[datetime, datetime]:
    """Return from when to when the clock shows one full hour after the other; where it jumps half an hour, 90 minutes
    lie between them (Lord Howe)."""
    start = at - _past_the_hour(at, zone_name)
    while _past_the_hour(start, zone_name):
        start -= _past_the_hour(start, zone_name)
    end = start + HOUR
    if past := _past_the_hour(end, zone_name):
        end += HOUR - past
    return start.astimezone(UTC), end.astimezone(UTC)


def _past_the_hour(at: datetime, zone_name: str) -> timedelta:
    local = to_local(at, zone_name)
    return local - local.replace(minute=0, second=0, microsecond=0)


def _next_part_of_hour(at: datetime, zone_name: str) -> datetime:
    return at + PART_OF_AN_HOUR


def _next_hour(at: datetime, zone_name: str) -> datetime:
    return _hour(at, zone_name)[1]


def _next_day(at: datetime, zone_name: str) -> datetime:
    return _midnight(to_local(at, zone_name).date() + timedelta(days=1), zone_name)


_STEPS: dict[str, Callable[[datetime, str], datetime]] = {
    "hourly": _next_part_of_hour,
    "daily": _next_hour,
    "weekly": _next_day,
    "monthly": _next_day,
}
