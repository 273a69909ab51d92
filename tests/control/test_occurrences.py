"""Schedules become instants: changes of the clock in telling zones, intervals without drift, refusals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edupulse import walltime
from edupulse.control.occurrences import (
    Rule,
    describe,
    next_occurrence,
    occurrences_between,
    upcoming,
    validate,
)
from edupulse.errors import Invalid


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "cron", "after", "expected"),
    [
        # Europe/Berlin, 29 March 2026: 02:00 becomes 03:00 (01:00 UTC)
        ("Europe/Berlin", "30 2 * * *", "2026-03-28 12:00", ["2026-03-29 01:30", "2026-03-30 00:30"]),
        ("Europe/Berlin", "*/30 2 * * *", "2026-03-28 12:00", ["2026-03-29 01:00", "2026-03-29 01:30"]),
        ("Europe/Berlin", "30 2,3 * * *", "2026-03-28 12:00", ["2026-03-29 01:30", "2026-03-30 00:30"]),
        ("Europe/Berlin", "45 2 * * *", "2026-03-29 01:30", ["2026-03-29 01:45", "2026-03-30 00:45"]),
        ("Europe/Berlin", "0 * * * *", "2026-03-29 00:00", ["2026-03-29 01:00", "2026-03-29 02:00"]),
        # Europe/Berlin, 25 October 2026: 03:00 becomes 02:00 (01:00 UTC)
        ("Europe/Berlin", "30 2 * * *", "2026-10-24 12:00", ["2026-10-25 00:30", "2026-10-26 01:30"]),
        ("Europe/Berlin", "*/30 2 * * *", "2026-10-25 00:10", ["2026-10-25 00:30", "2026-10-26 01:00"]),
        ("Europe/Berlin", "30 * * * *", "2026-10-25 00:00", ["2026-10-25 00:30", "2026-10-25 01:30"]),
        ("Europe/Berlin", "15 0-23 * * *", "2026-10-25 00:45", ["2026-10-25 01:15", "2026-10-25 02:15"]),
        # half an hour: 02:00 becomes 02:30 (4 October 2026), and 02:00 becomes 01:30 (5 April 2026)
        ("Australia/Lord_Howe", "15 2 * * *", "2026-10-03 00:00", ["2026-10-03 15:45", "2026-10-04 15:15"]),
        ("Australia/Lord_Howe", "45 1 * * *", "2026-04-04 00:00", ["2026-04-04 14:45", "2026-04-05 15:15"]),
        ("Australia/Lord_Howe", "45 * * * *", "2026-04-04 14:40", ["2026-04-04 14:45", "2026-04-04 15:15"]),
        ("Australia/Lord_Howe", "*/20 * * * *", "2026-04-04 14:30", ["2026-04-04 14:40", "2026-04-04 15:10"]),
        # midnight itself is skipped or repeated
        ("Africa/Cairo", "0 0 * * *", "2026-04-23 12:00", ["2026-04-23 22:00", "2026-04-24 21:00"]),
        ("Africa/Cairo", "30 23 * * *", "2026-10-29 12:00", ["2026-10-29 20:30", "2026-10-30 21:30"]),
        ("Asia/Beirut", "15 0 29 3 *", "2026-01-01 00:00", ["2026-03-28 22:15", "2027-03-28 21:15"]),
        ("America/Santiago", "0 0 6 9 *", "2026-01-01 00:00", ["2026-09-06 04:00", "2027-09-06 03:00"]),
        ("America/Havana", "30 * 1 11 *", "2026-01-01 00:00", ["2026-11-01 04:30", "2026-11-01 05:30"]),
        # Ramadan 2026 in Morocco: 03:00 becomes 02:00 on 15 February, 02:00 becomes 03:00 on 22 March
        ("Africa/Casablanca", "30 2 * * *", "2026-02-14 12:00", ["2026-02-15 01:30", "2026-02-16 02:30"]),
        ("Africa/Casablanca", "30 2 * * *", "2026-03-21 12:00", ["2026-03-22 02:30", "2026-03-23 01:30"]),
        # two hours: 01:00 becomes 03:00
        ("Antarctica/Troll", "0 1,2,3 * * *", "2026-03-28 12:00", ["2026-03-29 01:00", "2026-03-29 02:00"]),
        ("Antarctica/Troll", "0 * * * *", "2026-03-29 00:00", ["2026-03-29 01:00", "2026-03-29 02:00"]),
    ],
)
def test_a_schedule_keeps_the_rule_when_the_clock_changes(zone, cron, after, expected):
    found = upcoming(Rule(cron=cron, timezone=zone), utc(after), 2)

    assert found == [utc(text) for text in expected]


@pytest.mark.parametrize(
    ("day", "times"),
    [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)],
)
def test_an_hourly_entry_follows_the_real_hours_of_the_day(day, times):
    start = walltime.to_utc(datetime.fromisoformat(day), "Europe/Berlin")
    end = walltime.to_utc(datetime.fromisoformat(day) + timedelta(days=1), "Europe/Berlin")

    found = list(occurrences_between(Rule(cron="0 * * * *", timezone="Europe/Berlin"), start, end))

    assert len(found) == times
    assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(hours=1)}


def test_an_interval_counts_from_its_anchor_and_does_not_drift():
    rule = Rule(interval=90, anchor=utc("2026-01-01 00:00:10"))

    late = next_occurrence(rule, utc("2026-01-01 00:01:41"))

    assert late == utc("2026-01-01 00:03:10")
    assert next_occurrence(rule, utc("2020-01-01 00:00")) == rule.anchor
    assert next_occurrence(rule, rule.anchor) == rule.anchor + timedelta(seconds=90)


def test_a_stretch_of_time_includes_its_start_and_excludes_its_end():
    rule = Rule(cron="0 * * * *")

    found = list(occurrences_between(rule, utc("2026-01-01 10:00"), utc("2026-01-01 12:00")))

    assert found == [utc("2026-01-01 10:00"), utc("2026-01-01 11:00")]


CRONS = st.sampled_from(
    ["* * * * *", "*/7 * * * *", "0 * * * *", "30 2 * * *", "*/20 0-5 * * *", "5 0,1,2,23 * * *", "0 0 L * *"]
)


@settings(deadline=None)  # the first example loads the zone database
@given(
    cron=CRONS,
    zone=st.sampled_from(sorted(walltime.known_zones())),
    after=st.datetimes(datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2040-01-01")),
)
def test_the_next_is_later_than_the_last_and_nothing_lies_between(cron, zone, after):
    rule = Rule(cron=cron, timezone=zone)

    first, second = upcoming(rule, after.replace(tzinfo=UTC), 2)

    assert after.replace(tzinfo=UTC) < first < second
    assert next_occurrence(rule, first - timedelta.resolution) == first
    assert next_occurrence(rule, second - timedelta.resolution) == second


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        (Rule(), "a cron expression or an interval"),
        (Rule(cron="* * * * *", interval=60), "a cron expression or an interval"),
        (Rule(interval=0), "cannot be 0 seconds"),
        (Rule(interval=-5), "cannot be -5 seconds"),
        (Rule(interval=10**9), "cannot be 1000000000 seconds"),
        (Rule(interval=60, anchor=datetime.fromisoformat("2026-01-01")), "starts from an instant"),
        (Rule(cron="0 25 * * *"), '"hour" cannot be "25"'),
        (Rule(cron="0 0 31 4,6 *"), "no date that ever comes"),
        (Rule(cron="* * * * *", timezone="Europe/Berln"), "not a known time zone"),
    ],
)
def test_a_rule_that_names_no_occurrence_is_refused(rule, named):
    with pytest.raises(Invalid, match=named) as refused:
        validate(rule)

    assert refused.value.cure


@pytest.mark.parametrize("rule", [Rule(cron="30 2 29 2 *", timezone="Asia/Shanghai"), Rule(interval=1)])
def test_a_rule_that_names_occurrences_is_accepted(rule):
    validate(rule)

    assert next_occurrence(rule, utc("2026-01-01")) > utc("2026-01-01")


def test_a_naive_start_is_refused():
    with pytest.raises(Invalid, match="starts from an instant"):
        next_occurrence(Rule(interval=60), datetime.fromisoformat("2026-01-01"))


def test_rules_are_said_in_words():
    assert describe(Rule(cron="30 2 * * *", timezone="Europe/Berlin")) == "daily at 02:30 (Europe/Berlin)"
    assert describe(Rule(interval=60)) == "every minute"
