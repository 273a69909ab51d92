"""Words for values: instants in the organisation's zone, distances, durations, counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from edupulse import clock
from edupulse.reminders.models import Event
from edupulse.web.filters import coded, counted
from edupulse.web.lead_words import lead
from edupulse.web.moments import ago, full, late, moment, relative, span, when

NOW = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def berlin(sqlite_app: Flask, now: datetime, change_settings: Callable[..., None]) -> None:
    change_settings(timezone="Europe/Berlin")


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (NOW, "Today 10:00 CET"),
        (NOW + timedelta(hours=15), "Tomorrow 01:00 CET"),
        (NOW - timedelta(hours=11), "Yesterday 23:00 CET"),
        (NOW + timedelta(days=30), "Sat 11 Apr 11:00 CEST"),
        (NOW + timedelta(days=300), "Wed 6 Jan 2027 10:00 CET"),
    ],
)
def test_an_instant_is_shown_in_the_zone_of_the_organisation(at: datetime, words: str) -> None:
    assert f">{words}</time>" in moment(at)


def test_machines_read_the_same_instant_in_utc_and_people_find_the_whole_date() -> None:
    assert moment(NOW) == (
        '<time datetime="2026-03-12T09:00:00Z" title="Thu 12 Mar 2026, 10:00:00 CET">Today 10:00 CET</time>'
    )
    assert full(NOW) == "Thu 12 Mar 2026, 10:00:00 CET"


def test_a_short_time_of_today_is_the_clock_alone() -> None:
    assert ">10:00</time>" in moment(NOW, short=True)
    assert ">Tomorrow 10:00</time>" in moment(NOW + timedelta(days=1), short=True)


def test_what_never_was_is_a_dash() -> None:
    assert moment(None) == ago(None) == '<span class="quiet">–</span>'


def test_a_zone_without_letters_shows_its_offset(change_settings: Callable[..., None]) -> None:
    change_settings(timezone="America/Sao_Paulo")

    assert "Today 06:00 UTC-03" in moment(NOW)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "now"),
        (-9, "now"),
        (45, "in 45 s"),
        (-300, "5 min ago"),
        (3_900, "in 1 h 5 min"),
        (7_200, "in 2 h"),
        (-86_400, "1 day ago"),
        (400_000, "in 4 days"),
    ],
)
def test_distances_are_said_in_words(seconds: int, words: str) -> None:
    assert relative(NOW + timedelta(seconds=seconds), NOW) == words


def test_a_distance_is_marked_for_the_script_that_keeps_it_true() -> None:
    with clock.frozen(NOW):
        assert " data-relative>in 1 min</time>" in ago(NOW + timedelta(minutes=1))


@pytest.mark.parametrize(
    ("length", "words"),
    [(0.0004, "0 ms"), (0.25, "250 ms"), (3.14, "3.1 s"), (59.4, "59 s"), (None, "–"), (-1.0, "0 ms")],
)
def test_durations_have_a_sensible_unit(length: float | None, words: str) -> None:
    assert span(length) == words


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (1, "1 minute"),
        (15, "15 minutes"),
        (90, "90 minutes"),
        (120, "2 hours"),
        (1_440, "1 day"),
        (20_160, "2 weeks"),
    ],
)
def test_leads_have_their_largest_whole_unit(minutes: int, words: str) -> None:
    assert lead(minutes) == words


def test_lateness_within_the_promise_is_on_time() -> None:
    assert (late(timedelta(seconds=1.9)), late(timedelta(minutes=5))) == ("on time", "5 min late")


def test_large_counts_are_readable() -> None:
    assert (counted(1, "mail"), counted(2, "person", "people"), counted(12_345, "mail")) == (
        "1 mail",
        "2 people",
        "12\u2009345 mails",
    )


def test_what_stands_between_backticks_is_code_and_nothing_else_is_markup() -> None:
    assert coded("Run `cli.py <x>` or <b>wait</b>.") == (
        "Run <code>cli.py &lt;x&gt;</code> or &lt;b&gt;wait&lt;/b&gt;."
    )


def event(starts: datetime, ends: datetime, zone: str = "Europe/Berlin", all_day: bool = False) -> Event:
    return Event(starts_at=starts, ends_at=ends, timezone=zone, all_day=all_day)


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (event(NOW, NOW + timedelta(hours=1)), "Thu 12 Mar 2026, 10:00–11:00 CET"),
        (event(NOW, NOW), "Thu 12 Mar 2026, 10:00 CET"),
        (event(NOW, NOW + timedelta(hours=1), "Asia/Shanghai"), "Thu 12 Mar 2026, 17:00–18:00 CST"),
        (event(NOW, NOW + timedelta(days=1)), "Thu 12 Mar 2026, 10:00 – Fri 13 Mar 2026, 10:00 CET"),
        (
            event(NOW.replace(hour=0), NOW.replace(hour=0) + timedelta(days=1), "UTC", True),
            "Thu 12 Mar 2026, all day",
        ),
        (
            event(NOW.replace(hour=0), NOW.replace(hour=0) + timedelta(days=3), "UTC", True),
            "Thu 12 Mar 2026 – Sat 14 Mar 2026, all day",
        ),
    ],
)
def test_an_event_is_shown_on_its_own_clock(shown: Event, words: str) -> None:
    assert when(shown, shown) == words
