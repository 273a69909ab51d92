"""A recurrence rule (RRULE, RFC 5545 section 3.3.10) is read here: a line of text becomes a checked rule.

Read strictly, and within limits of our own, because a rule from a file may be hostile: nothing more often
than hourly, at most 24 times a day, and only counts and intervals that people mean.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from edupulse.errors import Invalid

FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
LONGEST = 500  # characters; a longer rule is a mistake or an attack
MOST_COUNTED = 5_000  # times; 13 years of a daily lesson
WIDEST_INTERVAL = 1_000  # periods
MOST_A_DAY = 24  # times; more is no event
RANGES = {  # lowest and highest number, and whether it may count from the end (-1)
    "BYMONTH": (1, 12, False),
    "BYMONTHDAY": (1, 31, True),
    "BYYEARDAY": (1, 366, True),
    "BYWEEKNO": (1, 53, True),
    "BYHOUR": (0, 23, False),
    "BYMINUTE": (0, 59, False),
    "BYSECOND": (0, 59, False),
    "BYSETPOS": (1, 366, True),
}
ONLY_WITH = {  # parts that go with some frequencies only
    "BYWEEKNO": ("YEARLY",),
    "BYYEARDAY": ("YEARLY", "HOURLY"),
    "BYMONTHDAY": ("YEARLY", "MONTHLY", "DAILY", "HOURLY"),
}
PARTS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", *RANGES}
NUMBER = re.compile(r"[+-]?[0-9]{1,5}")
WEEKDAY = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
UNTIL = re.compile(r"([0-9]{8})(?:T([0-9]{6})(Z?))?")


@dataclass(frozen=True)
class RRule:
    """A checked rule; `until` is aware where the text gives UTC, naive where it means the event's clock."""

    freq: str
    interval: int = 1
    count: int | None = None
    until: datetime | None = None
    week_start: int = 0  # 0 is Monday
    weekdays: tuple[tuple[int, int], ...] = ()  # (0 is Monday, which of the period: 1, 2, -1; 0 is each)
    by: tuple[tuple[str, tuple[int, ...]], ...] = ()

    def numbers(self, part: str) -> tuple[int, ...]:
        """Return the numbers of a BY part, none where the rule does not have it."""
        return dict(self.by).get(part, ())


@lru_cache(maxsize=4096)
def parse_rrule(text: str) -> RRule:
    """Read a rule, with or without "RRULE:" before it; raise Invalid, saying what to write, if it is none."""
    parts = _parts(text)
    rule = RRule(
        freq=_frequency(parts),
        interval=_whole(parts, "INTERVAL", WIDEST_INTERVAL) or 1,
        count=_whole(parts, "COUNT", MOST_COUNTED),
        until=_until(parts.get("UNTIL")),
        week_start=_week_start(parts.get("WKST", "MO")),
        weekdays=_weekdays(parts.get("BYDAY")),
        by=tuple((name, _numbers(name, parts[name])) for name in RANGES if name in parts),
    )
    _check_together(rule)
    return rule


def refusal(reason: str, cure: str = "") -> Invalid:
    """Return the Invalid that says why a repeat rule cannot be used."""
    example = "Write a rule such as FREQ=WEEKLY;BYDAY=MO,WE;COUNT=10."
    return Invalid(f"The repeat rule cannot be used: {reason}.", cure=cure or example, field="rrule")


def with_end(text: str, **end: str) -> str:
    """Return the rule with another COUNT or UNTIL in place of the end it had."""
    kept = {name: value for name, value in _parts(text).items() if name not in ("COUNT", "UNTIL")}
    return ";".join(f"{name}={value}" for name, value in (kept | end).items())


def until_text(when: datetime, *, date_only: bool = False) -> str:
    """Write an UNTIL as RFC 5545 wants it: a date for an all-day event, else an instant in UTC."""
    return f"{when:%Y%m%d}" if date_only else f"{when.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _parts(text: str) -> dict[str, str]:
    line = text.strip().upper().removeprefix("RRULE:").rstrip(";")
    if not line or len(line) > LONGEST:
        raise refusal("it is empty" if not line else f"it is longer than {LONGEST} characters")
    parts: dict[str, str] = {}
    for piece in line.split(";"):
        name, _, value = piece.partition("=")
        if name not in PARTS or not value:
            raise refusal(f'"{piece[:40]}" is not a part of a rule')
        if name in parts:
            raise refusal(f"it has {name} twice")
        parts[name] = value
    return parts


def _frequency(parts: dict[str, str]) -> str:
    freq = parts.get("FREQ", "")
    if freq not in FREQUENCIES:
        said = f"FREQ={freq[:20]} is not possible" if freq else "it has no FREQ"
        raise refusal(said, "Use FREQ=DAILY, WEEKLY, MONTHLY or YEARLY, at most HOURLY.")
    return freq


def _whole(parts: dict[str, str], name: str, most: int) -> int | None:
    if name not in parts:
        return None
    value = parts[name]
    if not value.isascii() or not value.isdecimal() or len(value) > 9 or not 1 <= int(value) <= most:
        raise refusal(f"{name}={value[:20]} is out of range", f"Give {name} a number from 1 to {most}.")
    return int(value)


def _until(value: str | None) -> datetime | None:
    """Read UNTIL; a date alone includes the whole of its day."""
    if value is None:
        return None
    found = UNTIL.fullmatch(value)
    try:
        day, clock, utc = found.groups() if found else ("", "", "")
        until = datetime.strptime(day + (clock or "235959"), "%Y%m%d%H%M%S")  # noqa: DTZ007 - the zone is next
    except ValueError:
        cure = "Write a day such as UNTIL=20271231, or an instant such as UNTIL=20271231T225959Z."
        raise refusal(f"UNTIL={value[:20]} is no date", cure) from None
    return until.replace(tzinfo=UTC) if utc else until


def _week_start(value: str) -> int:
    if value not in WEEKDAYS:
        raise refusal(f"WKST={value[:20]} is no weekday", "Use MO, TU, WE, TH, FR, SA or SU.")
    return WEEKDAYS.index(value)


def _weekdays(value: str | None) -> tuple[tuple[int, int], ...]:
    days = []
    for item in value.split(",") if value else ():
        found = WEEKDAY.fullmatch(item)
        if not found or (found[1] and not 1 <= abs(int(found[1])) <= 53):
            raise refusal(
                f'BYDAY cannot be "{item[:20]}"', "Use MO to SU, or 1MO for the first, -1FR the last."
            )
        days.append((WEEKDAYS.index(found[2]), int(found[1] or 0)))
    return tuple(dict.fromkeys(days))


def _numbers(name: str, value: str) -> tuple[int, ...]:
    low, high, from_end = RANGES[name]
    numbers = []
    for item in value.split(","):
        number = int(item) if NUMBER.fullmatch(item) else None
        if number is None or not (low <= number <= high or (from_end and low <= -number <= high)):
            also = f", or -1 to -{high} from the end" if from_end else ""
            raise refusal(f'{name} cannot be "{item[:20]}"', f"Use numbers from {low} to {high}{also}.")
        numbers.append(number)
    return tuple(sorted(set(numbers)))


def _check_together(rule: RRule) -> None:
    """Refuse parts that RFC 5545 forbids beside each other, and more occurrences than an event can have."""
    if rule.count and rule.until:
        raise refusal("it has both COUNT and UNTIL", "Keep one of them.")
    for name, allowed in ONLY_WITH.items():
        if rule.numbers(name) and rule.freq not in allowed:
            raise refusal(f"{name} does not go with FREQ={rule.freq}", f"Use FREQ={' or '.join(allowed)}.")
    numbered = any(which for _, which in rule.weekdays)
    if numbered and (rule.freq not in ("MONTHLY", "YEARLY") or rule.numbers("BYWEEKNO")):
        raise refusal("a numbered weekday such as 1MO needs a month or a year", "Use FREQ=MONTHLY or YEARLY.")
    if rule.numbers("BYSETPOS") and rule.freq == "HOURLY":
        raise refusal("BYSETPOS does not go with FREQ=HOURLY", "Use FREQ=DAILY, WEEKLY, MONTHLY or YEARLY.")
    if rule.numbers("BYSETPOS") and not rule.weekdays and len(rule.by) == 1:
        raise refusal(
            "BYSETPOS has nothing to choose from", "Add BYDAY, as in BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1."
        )
    if _most_a_day(rule) > MOST_A_DAY:
        raise refusal(f"it would recur more than {MOST_A_DAY} times a day", "Use FREQ=DAILY or fewer times.")


def _most_a_day(rule: RRule) -> int:
    hours = len(rule.numbers("BYHOUR")) or (-(-24 // rule.interval) if rule.freq == "HOURLY" else 1)
    return hours * max(1, len(rule.numbers("BYMINUTE"))) * max(1, len(rule.numbers("BYSECOND")))
