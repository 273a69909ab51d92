"""A checked recurrence rule becomes local times between two others, in bounded time however hostile the rule.

The walk is our own because dateutil looks at UNTIL only when it has found something: a rule that matches
nothing (30 February) keeps it busy to the year 9999. It goes by periods of the rule (year, month, week, day)
and begins near the window, not at a start decades ago. The tests hold it against dateutil.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice, product

from edupulse.reminders.rrule import RRule, parse_rrule
from edupulse.reminders.rrule_days import day_test, periods

MOST_DAYS = (
    20_000  # days looked at to learn where a counted rule ends or whether a rule ever happens: some 20 ms
)
END_OF_TIME = datetime.combine(date(9_000, 1, 1), time())  # no walk goes further
ANY_OFFSET = timedelta(days=1)  # more than the distance of any zone from UTC

Clock = Callable[[date], list[datetime]]


def local_times(text: str, starts: datetime, first: datetime, last: datetime) -> Iterator[datetime]:
    """Yield the naive local times of the rule from `first` to `last`, both included, in order.

    `starts`, the event's first local time, is always one of them (RFC 5545 section 3.8.2.4), also where the
    rule alone would not name it. An UNTIL in UTC is left to the caller, who knows the zone.
    """
    rule = parse_rrule(text)
    if rule.count:
        last = min(last, _last_counted(text, starts))
    elif rule.until and not rule.until.tzinfo:
        last = min(last, rule.until)
    if first <= starts <= last:
        yield starts
    for local in _walk(_completed(rule, starts), starts, first, last):
        if local > starts:
            yield local


def happens(text: str, starts: datetime) -> bool:
    """Say whether the rule itself ever names a local time, as far as MOST_DAYS days tell."""
    rule = _completed(parse_rrule(text), starts)
    return next(_walk(rule, starts, starts, END_OF_TIME, most_days=MOST_DAYS), None) is not None


def last_local_time(text: str, starts: datetime) -> datetime | None:
    """Return the last local time of the rule, a day too late at most for an UNTIL in UTC; None if endless."""
    rule = parse_rrule(text)
    if rule.count:
        return _last_counted(text, starts)
    if rule.until is None:
        return None
    until = max(starts, rule.until.replace(tzinfo=None) + ANY_OFFSET)
    looks_back = (until - timedelta(days=days) for days in (40, 400, 4_000))
    found = (max(local_times(text, starts, first, until), default=None) for first in looks_back)
    return next((last for last in found if last), until)


@lru_cache(maxsize=4096)
def _last_counted(text: str, starts: datetime) -> datetime:
    """Return the last local time of a rule with COUNT, of which `starts` is the first."""
    rule = _completed(parse_rrule(text), starts)
    walk = _walk(rule, starts, starts, END_OF_TIME, most_days=MOST_DAYS)
    others = islice((local for local in walk if local > starts), (rule.count or 1) - 1)
    return max(others, default=starts)


def _completed(rule: RRule, starts: datetime) -> RRule:
    """Return the rule with the parts that it takes from its start (RFC 5545 section 3.3.10) written out."""
    by, weekdays = dict(rule.by), rule.weekdays
    if not weekdays and not {"BYMONTHDAY", "BYYEARDAY"} & set(by):
        if rule.freq == "WEEKLY" or "BYWEEKNO" in by:
            weekdays = ((starts.weekday(), 0),)
        elif rule.freq in ("MONTHLY", "YEARLY"):
            by["BYMONTHDAY"] = (starts.day,)
            by |= {} if rule.freq == "MONTHLY" or "BYMONTH" in by else {"BYMONTH": (starts.month,)}
    clock = {"BYHOUR": (starts.hour,), "BYMINUTE": (starts.minute,), "BYSECOND": (starts.second,)}
    if rule.freq == "HOURLY":
        del clock["BYHOUR"]
    return replace(rule, weekdays=weekdays, by=tuple((clock | by).items()))


def _walk(
    rule: RRule, starts: datetime, first: datetime, last: datetime, *, most_days: int | None = None
) -> Iterator[datetime]:
    """Yield what a completed rule names from `first` to `last`, looking at `most_days` days at most."""
    matches, clock, positions = day_test(rule), _clock(rule, starts), rule.numbers("BYSETPOS")
    looked_at = 0
    for days in periods(rule, starts.date(), first.date()):
        looked_at += len(days)
        if days[0] > last.date() or (most_days and looked_at > most_days):
            return
        times = [at for day in days if matches(day) for at in clock(day)]
        yield from (at for at in _chosen(times, positions) if first <= at <= last)


def _clock(rule: RRule, starts: datetime) -> Clock:
    """Return what gives the times of the rule on one of its days."""
    hours, minutes, seconds = (rule.numbers(part) for part in ("BYHOUR", "BYMINUTE", "BYSECOND"))
    times = [time(*at) for at in product(hours or range(24), minutes, seconds)]
    if rule.freq != "HOURLY":
        return lambda day: [datetime.combine(day, at) for at in times]
    begin = datetime.combine(starts.date(), time(starts.hour))
    return lambda day: [
        datetime.combine(day, at)
        for at in times
        if (datetime.combine(day, time(at.hour)) - begin) // timedelta(hours=1) % rule.interval == 0
    ]


def _chosen(times: list[datetime], positions: tuple[int, ...]) -> list[datetime]:
    """Return the times of a period that BYSETPOS picks, all of them where it is not given."""
    if not positions:
        return times
    indexes = {at - 1 if at > 0 else len(times) + at for at in positions}
    return [at for index, at in enumerate(times) if index in indexes]
