"""A schedule's rule, a cron expression or an interval in an IANA zone, becomes the instants it is due.

The rule for changes of the clock, the same as for events (RFC 5545 section 3.3.5):
- A cron entry with chosen hours keeps its wall-clock times. A time that the clock skips is read with the
  offset before the gap (02:30 becomes 03:30); a time that it shows twice is due once, at its first showing.
- A cron entry for every hour (`*`, or any spelling of all 24) follows real time: each real minute whose wall
  clock matches is due. The hour that autumn repeats is served twice, the one that spring skips not at all.
- Two local times that become the same instant are one occurrence.
- An interval is anchor + k * interval in UTC, k = 0, 1, 2 ...: it neither drifts nor knows of zones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo

from edupulse import walltime
from edupulse.control import cron
from edupulse.control.cron_words import describe_cron, describe_interval
from edupulse.errors import Invalid

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_INTERVAL = 366 * 24 * 3600  # seconds; for less than once a year there is cron
SAMPLE_START = datetime(2024, 1, 1, tzinfo=UTC)  # from here `validate` looks for a first occurrence
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Rule:
    """When work recurs: by `cron` on the clock of `timezone`, or each `interval` seconds from `anchor`."""

    cron: str | None = None
    interval: int | None = None
    anchor: datetime = EPOCH
    timezone: str = "UTC"


def next_occurrence(rule: Rule, after: datetime) -> datetime:
    """Return the first occurrence strictly later than the aware `after`, in UTC; raise Invalid if none is."""
    after = _in_utc(after)
    by_interval = rule.cron is None
    found = _next_of_interval(rule, after) if by_interval else _next_of_cron(rule, after)
    if found <= after:
        raise Invalid(f"The schedule would go back from {after} to {found}.", cure="Report this as a fault.")
    return found


def occurrences_from(rule: Rule, after: datetime) -> Iterator[datetime]:
    """Yield the occurrences strictly later than `after`, in order, without end."""
    while True:
        after = next_occurrence(rule, after)
        yield after


def occurrences_between(rule: Rule, start: datetime, end: datetime) -> Iterator[datetime]:
    """Yield the occurrences from `start` (included) to `end` (excluded), in order."""
    for due in occurrences_from(rule, start - timedelta.resolution):
        if due >= end:
            return
        yield due


def upcoming(rule: Rule, after: datetime, count: int) -> list[datetime]:
    """Return the next `count` occurrences strictly later than `after`."""
    return list(islice(occurrences_from(rule, after), count))


def validate(rule: Rule) -> None:
    """Raise Invalid, saying what to write instead, unless the rule names occurrences."""
    walltime.zone(rule.timezone)
    if (rule.cron is None) == (rule.interval is None):
        cure = "Give exactly one of the two."
        raise Invalid("A schedule needs a cron expression or an interval.", cure=cure, field="cron")
    if rule.interval is not None and not 1 <= rule.interval <= LONGEST_INTERVAL:
        cure = f"Give 1 to {LONGEST_INTERVAL} seconds."
        raise Invalid(f"The interval cannot be {rule.interval} seconds.", cure=cure, field="interval")
    next_occurrence(rule, SAMPLE_START)


@lru_cache(maxsize=1024)
def follows_real_time(expression: str) -> bool:
    """Say whether the cron entry is for every hour, so that a change of the clock leaves its rhythm alone."""
    return cron.numbers(expression)[1] is None


def describe(rule: Rule) -> str:
    """Say in English when the rule is due, with its zone where a time of day is named."""
    if rule.cron is not None:
        return describe_cron(rule.cron, rule.timezone)
    return describe_interval(rule.interval or 0)


def _in_utc(when: datetime) -> datetime:
    if when.tzinfo is None:
        raise Invalid(
            "A schedule starts from an instant.", cure="Pass an aware time.", value=when.isoformat()
        )
    return when.astimezone(UTC)


def _next_of_interval(rule: Rule, after: datetime) -> datetime:
    if not rule.interval:
        raise Invalid(
            "A schedule needs a cron expression or an interval.", cure="Give one of them.", field="cron"
        )
    anchor, step = _in_utc(rule.anchor), timedelta(seconds=rule.interval)
    return anchor if after < anchor else anchor + ((after - anchor) // step + 1) * step


def _next_of_cron(rule: Rule, after: datetime) -> datetime:
    """Return what comes next in the order of the clock, or what a change of it brings back before that."""
    expression, zone = rule.cron or "", walltime.zone(rule.timezone)
    real_time = follows_real_time(expression)
    due = _next_in_order(expression, zone, after, real_time=real_time)
    offset = _second_offset(after, zone, real_time=real_time)
    if offset is None:
        return due
    for local in cron.matching(expression, (after + offset).replace(tzinfo=None)):
        brought_back = local.replace(tzinfo=UTC) - offset
        if brought_back >= due or brought_back in _instants(local, zone, real_time=real_time):
            return min(due, brought_back)
    return due


def _next_in_order(expression: str, zone: ZoneInfo, after: datetime, *, real_time: bool) -> datetime:
    """Walk the matching local times from what the clock reads at `after` to the first later instant.

    A skipped time is due after the gap, among readings that follow it: there the walk goes on to one of them.
    """
    best: datetime | None = None
    for local in cron.matching(expression, after.astimezone(zone).replace(tzinfo=None)):
        later = [at for at in _instants(local, zone, real_time=real_time) if at > after]
        best = min([best, *later] if best else later, default=None)
        if best and _is_shown(local, zone):
            return best
    raise Invalid(f'The cron expression "{expression}" ends.', cure="Report this as a fault.")


def _is_shown(local: datetime, zone: ZoneInfo) -> bool:
    first, second = walltime.readings(local, zone)
    return first <= second


def _instants(local: datetime, zone: ZoneInfo, *, real_time: bool) -> tuple[datetime, ...]:
    """Return when a local time is due: by the rule once, in real time when shown (twice in a fold)."""
    first, second = walltime.readings(local, zone)
    if not real_time:
        return (first,)
    return (first, second) if first <= second else ()


def _second_offset(after: datetime, zone: ZoneInfo, *, real_time: bool) -> timedelta | None:
    """Return the offset, if any, by which local times before the reading at `after` can still come.

    In the first showing of a repeated hour, which comes again, it is the later offset. Shortly after a gap,
    while skipped times are being made good, it is the offset before the gap.
    """
    local = after.astimezone(zone)
    now = _offset(local)
    if real_time:
        other = _offset(local.replace(fold=1))
    else:
        gap = max(now - _offset((after - DAY).astimezone(zone)), timedelta())
        other = _offset((after - gap).astimezone(zone))
    return other if other < now else None


def _offset(local: datetime) -> timedelta:
    return local.utcoffset() or timedelta()
