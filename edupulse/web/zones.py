"""The time zones a person may choose from, each with what it is now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from edupulse.walltime import known_zones

AREAS = (
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
)


@dataclass(frozen=True)
class Choice:
    """One zone: its IANA name, and its city and offset for the eye."""

    name: str
    label: str


def zone_choices(now: datetime) -> tuple[Choice, ...]:
    """Return UTC and every zone that is named after a place, with its present offset."""
    return _choices(now.replace(minute=0, second=0, microsecond=0))


@lru_cache(maxsize=2)
def _choices(hour: datetime) -> tuple[Choice, ...]:
    names = sorted(name for name in known_zones() if name.partition("/")[0] in AREAS)
    return (Choice("UTC", "UTC"), *(_choice(name, hour) for name in names))


def _choice(name: str, at: datetime) -> Choice:
    offset = f"{at.astimezone(ZoneInfo(name)):%z}"
    return Choice(name, f"{name.rpartition('/')[2].replace('_', ' ')}, UTC{offset[:3]}:{offset[3:]}")
