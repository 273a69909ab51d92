"""Wall-clock times become instants here, and instants wall-clock times: one rule for the changes of clocks.

The rule is that of RFC 5545 section 3.3.5. A local time that the clock skips (spring) is read with the offset
before the gap, so 02:30 becomes 03:30. A local time that the clock shows twice (autumn) is its first showing.
Local times are naive, instants are aware and in UTC; the name of the zone travels beside the local time.
"""

from __future__ import annotations

from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from edupulse.errors import Invalid

NOT_A_PLACE = frozenset({"Factory", "localtime", "posixrules"})  # in the database, but no zone to plan with
FIRST_YEAR, LAST_YEAR = 2, 9998  # a year from either end of the calendar, so that no offset can fall off it


@cache
def known_zones() -> frozenset[str]:
    """Return the names of all IANA zones that this machine knows."""
    return frozenset(available_timezones() - NOT_A_PLACE)


def zone(name: str) -> ZoneInfo:
    """Return the IANA zone `name`; raise Invalid, with the nearest known name, where there is none."""
    if name in known_zones():
        return ZoneInfo(name)
    shown = name[:80]
    raise Invalid(
        f'"{shown}" is not a known time zone.', cure=_suggestion(shown), field="timezone", value=shown
    )


def to_utc(local: datetime, zone_name: str) -> datetime:
    """Return the instant (aware, UTC) at which the clock of the zone reads the naive time `local`.

    A skipped time is read with the offset before the gap, a doubled one is its first showing.
    """
    return readings(local, zone(zone_name))[0]


def to_local(instant: datetime, zone_name: str) -> datetime:
    """Return what the clock of the zone reads, as a naive time, at the aware `instant`."""
    if instant.tzinfo is None:
        raise Invalid("An instant needs a time zone.", cure="Pass an aware time.", value=instant.isoformat())
    _refuse_the_ends_of_the_calendar(instant)
    return instant.astimezone(zone(zone_name)).replace(tzinfo=None, fold=0)


def exists(local: datetime, zone_name: str) -> bool:
    """Say whether the clock of the zone ever reads `local`; it does not within a spring gap."""
    before, after = readings(local, zone(zone_name))
    return before <= after


def is_doubled(local: datetime, zone_name: str) -> bool:
    """Say whether the clock of the zone reads `local` twice, as in the hour that autumn repeats."""
    first, second = readings(local, zone(zone_name))
    return first < second


def readings(local: datetime, at: ZoneInfo) -> tuple[datetime, datetime]:
    """Return `local` by the offset before and by the offset after a change of the clock (PEP 495), in UTC.

    Equal on an ordinary day; the first is earlier where the time is doubled, later where it is skipped.
    """
    if local.tzinfo is not None:
        raise Invalid("A wall-clock time has no offset.", cure="Pass a naive time.", value=local.isoformat())
    _refuse_the_ends_of_the_calendar(local)
    aware = local.replace(tzinfo=at, fold=0)
    first = aware.astimezone(UTC)
    later = aware.replace(fold=1)
    return (first, first) if later.utcoffset() == aware.utcoffset() else (first, later.astimezone(UTC))


def _refuse_the_ends_of_the_calendar(when: datetime) -> None:
    if not FIRST_YEAR <= when.year <= LAST_YEAR:
        cure = f"Choose a year from {FIRST_YEAR} to {LAST_YEAR}."
        raise Invalid(f"The year {when.year} is out of range.", cure=cure, value=when.isoformat())


def _suggestion(name: str) -> str:
    """Say which zone may have been meant, by whole name first, then by its last part (a city)."""
    by_name = {known.lower(): known for known in sorted(known_zones())}
    by_city = {known.rsplit("/", 1)[-1].lower(): known for known in sorted(known_zones(), reverse=True)}
    wanted = "_".join(name.lower().split())
    for choices in (by_name, by_city):
        near = get_close_matches(wanted, choices, n=1, cutoff=0.75)
        if near:
            return f"Did you mean {choices[near[0]]}?"
    return "Use an IANA name such as Europe/Berlin or Asia/Shanghai."
