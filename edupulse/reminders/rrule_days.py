"""The days of a recurrence rule: which days make up its periods, and which of them its BY parts let pass."""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from edupulse.reminders.rrule import RRule

LAST_YEAR = 9_000  # no period lies beyond
DAY = timedelta(days=1)

DayTest = Callable[[date], bool]


def periods(rule: RRule, starts: date, near: date) -> Iterator[list[date]]:
    """Return the days of each period of the rule, from one that ends before `near`, or from the first."""
    if rule.freq == "YEARLY":
        return _years(rule, starts.year, near.year - 1)
    if rule.freq == "MONTHLY":
        return _months(rule, _month_index(starts), _month_index(near) - 1)
    if rule.freq == "WEEKLY":
        week = starts - (starts.weekday() - rule.week_start) % 7 * DAY
        return _stretches(week.toordinal(), near.toordinal() - 7, step=rule.interval * 7, length=7)
    step = 1 if rule.freq == "HOURLY" else rule.interval
    return _stretches(starts.toordinal(), near.toordinal() - 1, step=step, length=1)


def _years(rule: RRule, begin: int, near: int) -> Iterator[list[date]]:
    months = rule.numbers("BYMONTH") or range(1, 13)
    for year in range(_last_before(begin, near, rule.interval), LAST_YEAR, rule.interval):
        yield [day for month in months for day in _days_of(year, month)]


def _months(rule: RRule, begin: int, near: int) -> Iterator[list[date]]:
    for index in range(_last_before(begin, near, rule.interval), LAST_YEAR * 12, rule.interval):
        yield _days_of(index // 12, index % 12 + 1)


def _stretches(begin: int, near: int, *, step: int, length: int) -> Iterator[list[date]]:
    for first in range(_last_before(begin, near, step), date(LAST_YEAR, 1, 1).toordinal(), step):
        yield [date.fromordinal(first + offset) for offset in range(length)]


def _last_before(begin: int, near: int, step: int) -> int:
    """Return the last of begin, begin + step, begin + 2 * step ... up to `near`; at least `begin`."""
    return begin + max(0, near - begin) // step * step


def _month_index(day: date) -> int:
    return day.year * 12 + day.month - 1


def _days_of(year: int, month: int) -> list[date]:
    return [date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1)]


def day_test(rule: RRule) -> DayTest:
    """Return the question whether a day passes all BY parts of the rule that speak of days."""
    tests: list[DayTest] = []
    if months := frozenset(rule.numbers("BYMONTH")):
        tests.append(lambda day: day.month in months)
    if monthdays := frozenset(rule.numbers("BYMONTHDAY")):
        tests.append(lambda day: day.day in monthdays or day.day - _month_length(day) - 1 in monthdays)
    if yeardays := frozenset(rule.numbers("BYYEARDAY")):
        tests.append(lambda day: _nth(day) in yeardays or _nth(day) - _year_length(day) - 1 in yeardays)
    if weeks := frozenset(rule.numbers("BYWEEKNO")):
        tests.append(lambda day: not weeks.isdisjoint(_week_numbers(day, rule.week_start)))
    if weekdays := frozenset(rule.weekdays):
        in_month = rule.freq == "MONTHLY" or bool(rule.numbers("BYMONTH"))
        tests.append(lambda day: _is_weekday(day, weekdays, in_month=in_month))
    return lambda day: all(test(day) for test in tests)


def _is_weekday(day: date, weekdays: frozenset[tuple[int, int]], *, in_month: bool) -> bool:
    """Say whether a day is one of the weekdays, a numbered one being counted in its month or in its year."""
    weekday = day.weekday()
    if (weekday, 0) in weekdays:
        return True
    place, length = (day.day, _month_length(day)) if in_month else (_nth(day), _year_length(day))
    return (weekday, (place - 1) // 7 + 1) in weekdays or (weekday, (place - length - 1) // 7) in weekdays


def _week_numbers(day: date, week_start: int) -> tuple[int, int]:
    """Return the number of a day's week in its year, and the same counted from the end (-1, -2 ...).

    A week belongs to the year in which most of it lies, which is the year of its fourth day.
    """
    fourth = day + (3 - (day.weekday() - week_start) % 7) * DAY
    place = _nth(fourth)
    return (place - 1) // 7 + 1, (place - _year_length(fourth) - 1) // 7


def _nth(day: date) -> int:
    return day.timetuple().tm_yday


def _month_length(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def _year_length(day: date) -> int:
    return 366 if isleap(day.year) else 365
