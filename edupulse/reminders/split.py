"""A series becomes two at an instance: what was, and "this and all following" as a series of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from edupulse import walltime
from edupulse.errors import Invalid
from edupulse.reminders.recurrence import Series
from edupulse.reminders.rrule import parse_rrule, until_text, with_end
from edupulse.reminders.rrule_dates import local_times

SECOND = timedelta(seconds=1)


def split_series(series: Series, at: datetime) -> tuple[Series, Series]:
    """Return the series before the instance whose original local time is `at`, and the one from there on.

    The second begins at `at` with the rule, the length and the exceptions of the first, for the caller to
    change; a COUNT is shared out. Raises Invalid unless `at` is a later instance that the rule names.
    """
    rule_text = series.rrule or ""
    if not rule_text or at <= series.starts or at not in local_times(rule_text, series.starts, at, at):
        cure = "Choose a later occurrence of a repeating event."
        raise Invalid("The series cannot be divided there.", cure=cure, field="original")
    before = replace(series, rrule=_ending_before(series, rule_text, at))
    after = replace(
        series, starts=at, ends=at + (series.ends - series.starts), rrule=_going_on(series, rule_text, at)
    )
    return _with_exceptions(before, lambda when: when < at), _with_exceptions(after, lambda when: when >= at)


def _ending_before(series: Series, rule_text: str, at: datetime) -> str:
    end = walltime.to_utc(at, series.timezone) - SECOND
    return with_end(
        rule_text, UNTIL=until_text(at - SECOND if series.all_day else end, date_only=series.all_day)
    )


def _going_on(series: Series, rule_text: str, at: datetime) -> str:
    count = parse_rrule(rule_text).count
    if count is None:
        return rule_text
    gone = sum(1 for _ in local_times(rule_text, series.starts, series.starts, at - SECOND))
    return with_end(rule_text, COUNT=str(count - gone))


def _with_exceptions(series: Series, belongs: Callable[[datetime], bool]) -> Series:
    return replace(
        series,
        exdates=tuple(filter(belongs, series.exdates)),
        rdates=tuple(filter(belongs, series.rdates)),
        overrides={original: one for original, one in series.overrides.items() if belongs(original)},
    )
