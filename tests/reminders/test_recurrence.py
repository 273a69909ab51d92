"""Series become occurrences: rules, exceptions, the hour on the wall, hostile rules, words, division."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from edupulse import walltime
from edupulse.errors import Invalid
from edupulse.reminders import rrule_dates
from edupulse.reminders.recurrence import (
    Override,
    Series,
    describe_rrule,
    expand,
    last_end,
    validate_rrule,
    validate_series,
)
from edupulse.reminders.rrule import parse_rrule
from edupulse.reminders.rrule_dates import local_times
from edupulse.reminders.split import split_series

YEAR = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


def lesson(**changes: object) -> Series:
    """A weekly lesson in Berlin, Mondays 10:00 to 11:00 from 5 January 2026, four times."""
    facts: dict[str, object] = {
        "starts": local("2026-01-05 10:00"),
        "ends": local("2026-01-05 11:00"),
        "timezone": "Europe/Berlin",
        "rrule": "FREQ=WEEKLY;COUNT=4",
    }
    return Series(**(facts | changes))  # type: ignore[arg-type]


def begins(series: Series, window: tuple[datetime, datetime] = YEAR) -> list[str]:
    """The local starts of the occurrences in the window, as the wall clock shows them."""
    found = expand(series, *window)
    return [f"{walltime.to_local(one.starts_at, series.timezone):%m-%d %H:%M}" for one in found]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["01-05 10:00", "01-12 10:00", "01-19 10:00", "01-26 10:00"]),
        ({"rrule": None}, ["01-05 10:00"]),
        ({"rrule": "FREQ=DAILY;INTERVAL=10;COUNT=3"}, ["01-05 10:00", "01-15 10:00", "01-25 10:00"]),
        ({"rrule": "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=3"}, ["01-05 10:00", "01-07 10:00", "01-12 10:00"]),
        ({"rrule": "FREQ=WEEKLY;BYDAY=TU;COUNT=2"}, ["01-05 10:00", "01-06 10:00"]),  # the start counts
        ({"rrule": "FREQ=MONTHLY;BYDAY=-1FR;COUNT=3"}, ["01-05 10:00", "01-30 10:00", "02-27 10:00"]),
        ({"rrule": "FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3"}, ["01-05 10:00", "01-31 10:00", "03-31 10:00"]),
        ({"rrule": "FREQ=WEEKLY;UNTIL=20260112T090000Z"}, ["01-05 10:00", "01-12 10:00"]),  # 10:00 in Berlin
        ({"rrule": "FREQ=WEEKLY;UNTIL=20260112T085959Z"}, ["01-05 10:00"]),
        ({"rrule": "FREQ=WEEKLY;UNTIL=20260112"}, ["01-05 10:00", "01-12 10:00"]),
        ({"exdates": (local("2026-01-12 10:00"),)}, ["01-05 10:00", "01-19 10:00", "01-26 10:00"]),
        (
            {"exdates": (local("2026-01-12 09:00"),)},
            ["01-05 10:00", "01-12 10:00", "01-19 10:00", "01-26 10:00"],
        ),
        ({"rrule": None, "rdates": (local("2026-02-01 12:00"),)}, ["01-05 10:00", "02-01 12:00"]),
        ({"rrule": None, "rdates": (local("2026-01-05 10:00"),)}, ["01-05 10:00"]),
    ],
)
def test_a_series_takes_place_when_its_rule_and_exceptions_say(changes, expected):
    assert begins(lesson(**changes)) == expected


def test_a_moved_instance_counts_where_it_was_moved_to_and_a_cancelled_one_not_at_all():
    series = lesson(
        overrides={
            local("2026-01-12 10:00"): Override(starts=local("2026-02-14 15:00"), location="Room 2"),
            local("2026-01-19 10:00"): Override(cancelled=True),
            local("2026-01-20 10:00"): Override(
                starts=local("2026-03-01 10:00")
            ),  # no instance of the series
        }
    )

    found = expand(series, *YEAR)

    assert begins(series) == ["01-05 10:00", "01-26 10:00", "02-14 15:00"]
    assert found[-1].original == local("2026-01-12 10:00")
    assert found[-1].ends_at - found[-1].starts_at == timedelta(hours=1)
    assert found[-1].override == series.overrides[local("2026-01-12 10:00")]


def test_an_instance_moved_out_of_the_window_is_not_in_it_and_one_moved_into_it_is():
    january = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 15, tzinfo=UTC))
    series = lesson(
        overrides={
            local("2026-01-12 10:00"): Override(starts=local("2026-01-16 10:00")),
            local("2026-01-26 10:00"): Override(starts=local("2026-01-02 10:00")),
        }
    )

    assert begins(series, january) == ["01-02 10:00", "01-05 10:00"]


def test_a_lesson_keeps_its_hour_on_the_wall_all_year():
    series = lesson(rrule="FREQ=WEEKLY")

    found = expand(series, *YEAR)

    assert {text[-5:] for text in begins(series)} == {"10:00"}
    assert {one.starts_at.hour for one in found} == {9, 8}
    assert len(found) == 52


@pytest.mark.parametrize(
    ("starts", "ends", "begin", "end"),
    [
        ("2026-03-29 02:30", "2026-03-29 03:30", "03:30", "04:30"),  # skipped: keeps its length
        ("2026-03-29 02:30", "2026-03-29 02:45", "03:30", "03:45"),
        ("2026-03-29 01:30", "2026-03-29 04:30", "01:30", "04:30"),
        ("2026-10-25 02:30", "2026-10-25 03:30", "02:30", "03:30"),
    ],
)
def test_an_event_around_a_change_of_the_clock_ends_after_it_begins(starts, ends, begin, end):
    series = lesson(starts=local(starts), ends=local(ends), rrule=None)

    (found,) = expand(series, *YEAR)

    assert found.starts_at < found.ends_at
    assert f"{walltime.to_local(found.starts_at, series.timezone):%H:%M}" == begin
    assert f"{walltime.to_local(found.ends_at, series.timezone):%H:%M}" == end


def test_local_times_that_become_one_instant_are_one_occurrence():
    series = lesson(
        starts=local("2026-03-28 02:30"), ends=local("2026-03-28 02:40"), rrule="FREQ=DAILY;BYHOUR=2,3"
    )
    night = (datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC))

    assert begins(series, night) == ["03-29 03:30"]


def test_an_all_day_series_begins_at_local_midnight_and_its_end_is_excluded():
    series = lesson(
        starts=local("2026-04-20"), ends=local("2026-04-22"), timezone="Africa/Cairo", all_day=True
    )

    first, second, *_ = expand(series, *YEAR)

    assert (first.starts_at, first.ends_at) == (
        datetime(2026, 4, 19, 22, tzinfo=UTC),
        datetime(2026, 4, 21, 22, tzinfo=UTC),
    )
    assert second.starts_at == datetime(2026, 4, 26, 21, tzinfo=UTC)  # in summer time
    assert second.all_day


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Rules that RFC 5545 and dateutil read alike."""
    freq = draw(st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY"]))
    parts = [f"FREQ={freq}", f"INTERVAL={draw(st.integers(1, 5))}"]
    optional = {
        "BYMONTH": st.integers(1, 12),
        "BYMONTHDAY": st.sampled_from([1, 2, 13, 28, 29, 31, -1, -2, -31]),
        "BYDAY": st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]),
        "BYHOUR": st.integers(0, 23),
        "BYSETPOS": st.sampled_from([1, 2, 3, -1, -2]),
        "WKST": st.sampled_from(["MO", "SU"]),
    }
    numbered = st.sampled_from(["1MO", "2TU", "-1FR", "5SU", "-2WE"])
    if freq in ("MONTHLY", "YEARLY") and draw(st.booleans()):
        optional["BYDAY"] = numbered
    for name, values in optional.items():
        if draw(st.booleans()):
            most = 1 if name == "WKST" else 3
            parts.append(f"{name}={','.join(map(str, draw(st.lists(values, min_size=1, max_size=most))))}")
    if freq == "WEEKLY" and not any(part.startswith("BYDAY") for part in parts):
        parts.append("BYDAY=MO")  # dateutil takes it from the start only where no other BY part is given
    return ";".join(parts)


@settings(deadline=None, max_examples=100)
@given(
    text=rules(),
    starts=st.datetimes(datetime.fromisoformat("2015-01-01"), datetime.fromisoformat("2026-06-01")),
    days=st.integers(1, 500),
)
def test_a_rule_names_the_days_that_dateutil_names(text, starts, days):
    starts = starts.replace(microsecond=0)
    first, last = local("2026-01-01"), local("2026-01-01") + timedelta(days=days)
    try:
        validate_rrule(text, starts=starts)
    except Invalid:
        return  # refused, such as 30 February: dateutil would not come back from it
    ours = list(local_times(text, starts, first, last))

    theirs = {starts, *takewhile(lambda at: at <= last, rrulestr(text, dtstart=starts))}

    assert ours == sorted(at for at in theirs if first <= at <= last)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "empty"),
        ("FREQ=SECONDLY", "FREQ=SECONDLY is not possible"),
        ("FREQ=MINUTELY;INTERVAL=5", "FREQ=MINUTELY is not possible"),
        ("COUNT=3", "has no FREQ"),
        ("FREQ=DAILY;FREQ=WEEKLY", "FREQ twice"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0"),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL=-1"),
        ("FREQ=DAILY;COUNT=1000000", "COUNT=1000000"),
        ("FREQ=DAILY;COUNT=" + "9" * 100, "COUNT=9999"),
        ("FREQ=DAILY;COUNT=5;UNTIL=20270101", "both COUNT and UNTIL"),
        ("FREQ=DAILY;UNTIL=tomorrow", "UNTIL=TOMORROW is no date"),
        ("FREQ=DAILY;UNTIL=20260231", "UNTIL=20260231 is no date"),
        ("FREQ=DAILY;BYDAY=1MO", "needs a month or a year"),
        ("FREQ=MONTHLY;BYDAY=XX", 'BYDAY cannot be "XX"'),
        ("FREQ=MONTHLY;BYDAY=99MO", 'BYDAY cannot be "99MO"'),
        ("FREQ=MONTHLY;BYMONTHDAY=0", 'BYMONTHDAY cannot be "0"'),
        ("FREQ=MONTHLY;BYMONTHDAY=32", 'BYMONTHDAY cannot be "32"'),
        ("FREQ=WEEKLY;BYMONTHDAY=3", "BYMONTHDAY does not go with FREQ=WEEKLY"),
        ("FREQ=MONTHLY;BYWEEKNO=3", "BYWEEKNO does not go with FREQ=MONTHLY"),
        ("FREQ=MONTHLY;BYSETPOS=1", "nothing to choose from"),
        ("FREQ=HOURLY;BYHOUR=1,2;BYSETPOS=1", "does not go with FREQ=HOURLY"),
        ("FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=0,5,10,15,20,25,30,35,40", "more than 24 times a day"),
        ("FREQ=HOURLY;BYMINUTE=0,30", "more than 24 times a day"),
        ("FREQ=DAILY;WKST=XX", "WKST=XX is no weekday"),
        ("FREQ=DAILY;BYEASTER=1", "not a part of a rule"),
        ("FREQ=DAILY;COUNT=１０", "COUNT=１０ is out of range"),
        ("FREQ=DAILY\nATTENDEE:mailto:a@b.c", "not possible"),
        ("FREQ=YEARLY;BYMONTHDAY=30;BYMONTH=2", "no such day ever comes"),
        ("FREQ=DAILY;INTERVAL=1;BYMONTH=2;BYMONTHDAY=30", "no such day ever comes"),
        ("FREQ=DAILY;BYDAY=MO" + ",MO" * 500, "longer than 500 characters"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused_with_a_cure(text, named):
    with pytest.raises(Invalid) as refused:
        validate_rrule(text)

    assert named in refused.value.message
    assert refused.value.cure


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=YEARLY;BYMONTHDAY=30;BYMONTH=2",
        "FREQ=DAILY;INTERVAL=1;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
        "FREQ=WEEKLY;INTERVAL=1000;BYMONTH=2;COUNT=5000",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=5000",
        "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;COUNT=5000",
        "FREQ=HOURLY;INTERVAL=24;COUNT=5000",
    ],
)
def test_few_days_are_looked_at_however_far_the_start_and_however_sparse_the_rule(text, monkeypatch):
    looked_at: list[date] = []
    matches = rrule_dates.day_test(parse_rrule(text))
    monkeypatch.setattr(rrule_dates, "day_test", lambda _: lambda day: looked_at.append(day) or matches(day))
    rrule_dates._last_counted.cache_clear()
    series = lesson(starts=local("1971-01-04 10:00"), ends=local("1971-01-04 11:00"), rrule=text)

    expand(series, *YEAR)

    assert len(looked_at) <= 25_000


def test_more_occurrences_than_the_budget_are_refused():
    hourly = lesson(rrule="FREQ=HOURLY")

    with pytest.raises(Invalid, match="more than 100 times"):
        expand(hourly, *YEAR, budget=100)
    with pytest.raises(Invalid, match="longer than ten years"):
        expand(hourly, YEAR[0], datetime(2040, 1, 1, tzinfo=UTC))


def test_exactly_the_budget_is_still_answered():
    assert len(expand(lesson(rrule="FREQ=DAILY;COUNT=10"), *YEAR, budget=10)) == 10


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"ends": local("2026-01-05 09:00")}, "ends before it starts"),
        ({"ends": local("2028-01-05 09:00")}, "longer than a year"),
        ({"all_day": True}, "no time of day"),
        (
            {"all_day": True, "starts": local("2026-01-05"), "ends": local("2026-01-05")},
            "ends before it starts",
        ),
        ({"timezone": "Europe/Berln"}, "not a known time zone"),
        ({"rrule": "FREQ=SECONDLY"}, "FREQ=SECONDLY"),
        ({"rrule": "FREQ=DAILY;UNTIL=20251231T000000Z"}, "ends before the event starts"),
        ({"exdates": tuple(local("2026-01-05") + timedelta(days=n) for n in range(1001))}, "more than 1000"),
        ({"starts": datetime(2026, 1, 5, 10, tzinfo=UTC)}, "wall-clock time"),
    ],
)
def test_a_series_that_cannot_take_place_is_refused_with_a_cure(changes, named):
    with pytest.raises(Invalid, match=named) as refused:
        validate_series(lesson(**changes))

    assert refused.value.cure


def test_a_plain_series_is_accepted():
    validate_series(lesson())

    assert begins(lesson())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "2026-01-26 10:00"),
        ({"rrule": None}, "2026-01-05 10:00"),
        ({"rrule": "FREQ=WEEKLY;UNTIL=20260125"}, "2026-01-19 10:00"),
        ({"rrule": "FREQ=YEARLY;UNTIL=20501231"}, "2050-01-05 10:00"),
        ({"rdates": (local("2026-05-01 08:00"),)}, "2026-05-01 07:00"),
        (
            {"overrides": {local("2026-01-12 10:00"): Override(starts=local("2026-06-01 10:00"))}},
            "2026-06-01 09:00",
        ),
    ],
)
def test_the_last_end_of_a_series_is_known(changes, expected):
    assert last_end(lesson(**changes)) == local(expected).replace(tzinfo=UTC)


def test_a_series_without_end_has_no_last_end():
    assert last_end(lesson(rrule="FREQ=WEEKLY")) is None


def test_this_and_following_divides_a_series_without_losing_or_doubling_an_instance():
    series = lesson(
        rrule="FREQ=WEEKLY;BYDAY=MO,TH;COUNT=10",
        exdates=(local("2026-01-08 10:00"), local("2026-01-29 10:00")),
        overrides={local("2026-01-26 10:00"): Override(cancelled=True)},
    )

    before, after = split_series(series, local("2026-01-19 10:00"))

    assert begins(before) + begins(after) == begins(series)
    assert begins(after)[0] == "01-19 10:00"
    assert before.rrule == "FREQ=WEEKLY;BYDAY=MO,TH;UNTIL=20260119T085959Z"
    assert after.rrule == "FREQ=WEEKLY;BYDAY=MO,TH;COUNT=6"
    assert after.exdates == (local("2026-01-29 10:00"),)


def test_an_endless_all_day_series_is_divided_by_a_date():
    series = lesson(starts=local("2026-01-05"), ends=local("2026-01-06"), all_day=True, rrule="FREQ=WEEKLY")

    before, after = split_series(series, local("2026-03-02"))

    assert before.rrule == "FREQ=WEEKLY;UNTIL=20260301"
    assert after.rrule == "FREQ=WEEKLY"
    assert begins(before) + begins(after) == begins(series)


@pytest.mark.parametrize("at", ["2026-01-05 10:00", "2026-01-13 10:00", "2025-01-06 10:00"])
def test_a_series_cannot_be_divided_at_its_start_or_where_it_has_no_instance(at):
    with pytest.raises(Invalid, match="cannot be divided"):
        split_series(lesson(), local(at))


@pytest.mark.parametrize(
    ("text", "english", "chinese"),
    [
        ("FREQ=DAILY", "every day", "每天"),
        ("FREQ=DAILY;INTERVAL=2;COUNT=10", "every 2 days, 10 times", "每2天，共10次"),
        ("FREQ=WEEKLY;BYDAY=MO,WE", "every week on Monday and Wednesday", "每周周一、周三"),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;UNTIL=20261231",
            "every 2 weeks on Tuesday, until 31 December 2026",
            "每2周周二，直到2026年12月31日",
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=15,-1", "every month on the last day and day 15", "每月最后一天、15日"),
        ("FREQ=MONTHLY;INTERVAL=3;BYDAY=1MO", "every 3 months on the first Monday", "每3个月第一个周一"),
        ("FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24", "every year on day 24 in December", "每年12月24日"),
        ("FREQ=YEARLY;BYWEEKNO=20", "by the rule FREQ=YEARLY;BYWEEKNO=20", "按规则 FREQ=YEARLY;BYWEEKNO=20"),
    ],
)
def test_a_rule_is_said_in_english_and_in_chinese(text, english, chinese):
    assert describe_rrule(text) == english
    assert describe_rrule(text, "zh_Hans_CN") == chinese


@settings(deadline=None, max_examples=300)
@given(text=st.text(st.sampled_from("FREQDAILYWKMONTHBYSETPOSUNTIL=;,0123456789-+ \n\x00é"), max_size=80))
def test_any_text_is_either_a_rule_or_refused(text):
    with suppress(Invalid):
        assert parse_rrule(text).freq
