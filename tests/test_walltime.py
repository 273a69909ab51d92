"""Local times and instants: the rule for skipped and doubled hours, and helpful refusals."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edupulse import walltime
from edupulse.errors import Invalid

LOCAL_TIMES = st.datetimes(datetime.fromisoformat("1995-01-01"), datetime.fromisoformat("2037-12-31"))


@pytest.mark.parametrize(
    ("zone", "local", "utc"),
    [
        ("Europe/Berlin", "2026-07-01 10:00", "2026-07-01 08:00"),
        ("Europe/Berlin", "2026-03-29 02:30", "2026-03-29 01:30"),  # skipped: the offset before
        ("Europe/Berlin", "2026-10-25 02:30", "2026-10-25 00:30"),  # doubled: the first
        ("Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-03 15:45"),  # a gap of 30 minutes
        ("Australia/Lord_Howe", "2026-04-05 01:45", "2026-04-04 14:45"),  # a fold of 30 minutes
        ("Africa/Cairo", "2026-04-24 00:30", "2026-04-23 22:30"),  # midnight itself is skipped
        ("Asia/Beirut", "2026-03-29 00:00", "2026-03-28 22:00"),
        ("America/Santiago", "2026-09-06 00:15", "2026-09-06 04:15"),
        ("Africa/Casablanca", "2026-02-15 02:30", "2026-02-15 01:30"),  # the clock goes back for Ramadan
        ("Africa/Casablanca", "2026-03-22 02:30", "2026-03-22 02:30"),  # and forward after it
        ("Antarctica/Troll", "2026-03-29 01:30", "2026-03-29 01:30"),  # a gap of two hours
        ("Asia/Shanghai", "2026-05-01 09:00", "2026-05-01 01:00"),
    ],
)
def test_a_local_time_becomes_the_instant_of_the_rule(zone, local, utc):
    found = walltime.to_utc(datetime.fromisoformat(local), zone)

    assert found == datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert found.tzinfo is UTC


def test_a_skipped_time_is_shown_later_by_the_length_of_the_gap():
    skipped = datetime.fromisoformat("2026-03-29 02:30")

    shown = walltime.to_local(walltime.to_utc(skipped, "Europe/Berlin"), "Europe/Berlin")

    assert shown == datetime.fromisoformat("2026-03-29 03:30")


def test_skipped_and_doubled_times_are_recognised():
    spring, autumn = datetime.fromisoformat("2026-03-29 02:30"), datetime.fromisoformat("2026-10-25 02:30")

    assert not walltime.exists(spring, "Europe/Berlin")
    assert not walltime.is_doubled(spring, "Europe/Berlin")
    assert walltime.exists(autumn, "Europe/Berlin")
    assert walltime.is_doubled(autumn, "Europe/Berlin")


def test_an_ordinary_time_is_neither_skipped_nor_doubled():
    summer = datetime.fromisoformat("2026-06-01 02:30")

    assert walltime.exists(summer, "Europe/Berlin")
    assert not walltime.is_doubled(summer, "Europe/Berlin")


@settings(deadline=None)  # the first example loads the zone database
@given(local=LOCAL_TIMES, zone=st.sampled_from(sorted(walltime.known_zones())))
def test_a_time_that_exists_comes_back_unchanged(local, zone):
    instant = walltime.to_utc(local, zone)

    assert (walltime.to_local(instant, zone) == local) == walltime.exists(local, zone)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Europe/Berln", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("Berlin", "Europe/Berlin"),
        ("New York", "America/New_York"),
        ("Asia/Shangai", "Asia/Shanghai"),
        ("utc", "UTC"),
    ],
)
def test_a_misspelt_zone_is_answered_with_the_one_that_was_meant(typed, meant):
    with pytest.raises(Invalid) as refused:
        walltime.zone(typed)

    assert typed in refused.value.message
    assert refused.value.cure == f"Did you mean {meant}?"


@pytest.mark.parametrize(
    "name", ["", "Factory", "localtime", "../etc/passwd", "/etc/passwd", "Europe", "北京", "\x00", "x" * 500]
)
def test_what_is_no_zone_is_refused_with_a_cure(name):
    with pytest.raises(Invalid) as refused:
        walltime.zone(name)

    assert refused.value.cure


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_the_ends_of_the_calendar_are_refused_in_both_directions(year):
    edge = datetime.fromisoformat(f"{year}-06-01 00:00")

    with pytest.raises(Invalid, match="out of range"):
        walltime.to_utc(edge, "America/New_York")
    with pytest.raises(Invalid, match="out of range"):
        walltime.to_local(edge.replace(tzinfo=UTC), "Asia/Tokyo")


def test_naive_and_aware_times_cannot_be_mixed_up():
    naive = datetime.fromisoformat("2026-01-01 00:00")

    with pytest.raises(Invalid):
        walltime.to_local(naive, "UTC")
    with pytest.raises(Invalid):
        walltime.to_utc(naive.replace(tzinfo=UTC), "UTC")
