"""Cron expressions: what they match, how they are refused, and how they are said in words."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edupulse.control import cron
from edupulse.control.cron_words import describe_cron, describe_interval
from edupulse.errors import Invalid

START = datetime.fromisoformat("2026-01-01 00:00")


@pytest.mark.parametrize(
    ("expression", "first_two"),
    [
        ("* * * * *", ["2026-01-01 00:01", "2026-01-01 00:02"]),
        ("30 2 * * *", ["2026-01-01 02:30", "2026-01-02 02:30"]),
        ("0 9 * * MON-FRI", ["2026-01-01 09:00", "2026-01-02 09:00"]),
        ("0 9 * * 5-7", ["2026-01-02 09:00", "2026-01-03 09:00"]),
        ("0 9 * * FRI-MON", ["2026-01-02 09:00", "2026-01-03 09:00"]),
        ("0 22-1 * * *", ["2026-01-01 01:00", "2026-01-01 22:00"]),
        ("0 0 L * *", ["2026-01-31 00:00", "2026-02-28 00:00"]),
        ("0 0 29 2 *", ["2028-02-29 00:00", "2032-02-29 00:00"]),
        ("0 0 13 * 5", ["2026-01-02 00:00", "2026-01-09 00:00"]),  # the 13th, and every Friday
        ("0 7-0 * * *", ["2026-01-01 07:00", "2026-01-01 08:00"]),  # over midnight; 7 and 0 are one day only
        (" 0\t12  * * * ", ["2026-01-01 12:00", "2026-01-02 12:00"]),
    ],
)
def test_an_expression_matches_local_times(expression, first_two):
    found = list(islice(cron.matching(expression, START), 2))

    assert found == [datetime.fromisoformat(text) for text in first_two]


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("", "five fields"),
        ("* * * *", "five fields"),
        ("* * * * * *", "five fields"),
        ("@daily", "five fields"),
        ("1," * 200 + "1 * * * *", "five fields"),
        ("60 * * * *", '"minute" cannot be "60"'),
        ("*/0 * * * *", '"minute" cannot be "*/0"'),
        ("*/90 * * * *", '"minute" cannot be "*/90"'),
        ("5/15 * * * *", '"minute" cannot be "5/15"'),
        ("h * * * *", '"minute" cannot be "h"'),
        ("０ * * * *", '"minute" cannot be "０"'),
        ("0 25 * * *", '"hour" cannot be "25"'),
        ("0 9-9 * * *", '"hour" cannot be "9-9"'),
        ("0 22-2/2 * * *", '"hour" cannot be "22-2/2"'),
        ("0 0 0 * *", '"day" cannot be "0"'),
        ("0 0 L-2 * *", '"day" cannot be "L-2"'),
        ("0 0 15W * *", '"day" cannot be "15W"'),
        ("0 0 * foo *", '"month" cannot be "foo"'),
        ("0 0 * * 8", '"weekday" cannot be "8"'),
        ("0 0 * * 7-0", '"weekday" cannot be "7-0"'),
        ("0 0 * * MON#1", '"weekday" cannot be "MON#1"'),
        ("0 0 * * *\n", '"weekday" cannot be'),
        ("0 0 1 * */2", "in different ways"),
        ("0 0 30 2 *", "no date that ever comes"),
    ],
)
def test_an_unusable_expression_is_refused_by_the_name_of_its_field(expression, named):
    with pytest.raises(Invalid) as refused:
        next(cron.matching(expression, START))

    assert named in refused.value.message
    assert refused.value.cure


@st.composite
def columns(draw: st.DrawFn, low: int, high: int, last_number: int = 0) -> tuple[str, set[int]]:
    """One column as text, of numbers up to `high`, and the numbers it stands for as worked out here."""
    first, last = sorted(draw(st.lists(st.integers(low, high), min_size=2, max_size=2, unique=True)))
    step = draw(st.integers(1, high - low))
    every = range(low, (last_number or high) + 1)
    return draw(
        st.sampled_from(
            [
                ("*", set(every)),
                (f"*/{step}", set(every[::step])),
                (f"{first}", {first}),
                (f"{first},{last}", {first, last}),
                (f"{first}-{last}", set(range(first, last + 1))),
                (f"{first}-{last}/{step}", set(range(first, last + 1, step))),
                (f"{last}-{first}", set(every) - set(range(first + 1, last))),
            ]
        )
    )


@settings(deadline=None)  # a busy machine is no failure
@given(
    minute=columns(0, 59),
    hour=columns(0, 23),
    day=columns(1, 28, 31),
    month=columns(1, 12),
    weekday=columns(0, 6),
)
def test_every_standard_expression_matches_what_its_columns_say(minute, hour, day, month, weekday):
    texts = [column[0] for column in (minute, hour, day, month, weekday)]
    either = "*" not in (texts[2], texts[4])
    if either and (texts[2][0] == "*" or texts[4][0] == "*"):
        texts[4], weekday, either = "*", ("*", set(range(7))), False

    found = list(islice(cron.matching(" ".join(texts), START), 20))

    def falls_on(when: date) -> bool:
        chosen = (when.day in day[1] or (texts[2] == "*"), when.isoweekday() % 7 in weekday[1])
        return when.month in month[1] and (any(chosen) if either else all(chosen))

    expected: list[datetime] = []
    today = START
    while len(expected) < 20:
        if falls_on(today.date()):
            times = sorted((h, m) for h in hour[1] for m in minute[1])
            expected += [
                today.replace(hour=h, minute=m) for h, m in times if today.replace(hour=h, minute=m) > START
            ]
        today += timedelta(days=1)
    assert found == expected[:20]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("* * * * *", "every minute"),
        ("*/5 * * * *", "every 5 minutes"),
        ("0 * * * *", "hourly at minute 0"),
        ("30 2 * * *", "daily at 02:30 (Europe/Berlin)"),
        ("0 8,20 * * *", "daily at 08:00 and 20:00 (Europe/Berlin)"),
        ("0 10 * * 1", "Mondays at 10:00 (Europe/Berlin)"),
        ("0 10 * * 1,3", "Mondays and Wednesdays at 10:00 (Europe/Berlin)"),
        ("0 9 * * MON-FRI", "Monday to Friday at 09:00 (Europe/Berlin)"),
        ("0 0 1 * *", "monthly on day 1 at 00:00 (Europe/Berlin)"),
        ("0 0 1,15 * *", "monthly on days 1 and 15 at 00:00 (Europe/Berlin)"),
        ("0 18 L * *", "monthly on the last day at 18:00 (Europe/Berlin)"),
        ("0 0 1 1,7 *", "on day 1 in January and July at 00:00 (Europe/Berlin)"),
        ("0 6 * 12 *", "daily in December at 06:00 (Europe/Berlin)"),
        ("*/10 * * * 0", "every 10 minutes, Sundays (Europe/Berlin)"),
        ("*/5 8-18 * * *", 'by the cron expression "*/5 8-18 * * *" (Europe/Berlin)'),
    ],
)
def test_an_expression_is_said_in_words(expression, words):
    assert describe_cron(expression, "Europe/Berlin") == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "every second"),
        (60, "every minute"),
        (90, "every 90 seconds"),
        (7200, "every 2 hours"),
        (86400, "every day"),
    ],
)
def test_an_interval_is_said_in_its_largest_whole_unit(seconds, words):
    assert describe_interval(seconds) == words
