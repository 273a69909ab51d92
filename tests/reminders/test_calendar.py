"""Calendar files as they are written: one identity through all versions, lines that calendars can read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import icalendar
import pytest
from dateutil.tz import tzical
from hypothesis import given, settings
from hypothesis import strategies as st

from edupulse.errors import Invalid
from edupulse.reminders.calendar import (
    CalendarEntry,
    Participant,
    add_to_calendar_links,
    build_calendar,
    event_uid,
    read_calendar,
)
from edupulse.reminders.vtimezone import vtimezone

SCHOOL = Participant("office@school.example", 'Art School; "Blue"')
MEI = Participant("mei@example.org", "李 梅")
LESSON = CalendarEntry(
    uid=event_uid(7, "school.example"),
    sequence=2,
    changed_at=datetime(2026, 2, 1, 8, tzinfo=UTC),
    title="Painting, oil; beginners",
    starts_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
    ends_at=datetime(2026, 3, 2, 10, tzinfo=UTC),
    timezone="Europe/Berlin",
    description="Bring an apron.\nAnd brushes \\ sponges.",
    location="Atelier 3",
    latitude=52.529,
    longitude=13.401,
    url="https://school.example/events/7",
    organizer=SCHOOL,
    attendees=(MEI,),
)
SERIES = replace(
    LESSON, rrule="FREQ=WEEKLY;UNTIL=20261231", exdates=(datetime.fromisoformat("2026-03-09 10:00"),)
)


def parsed(entry: CalendarEntry, method: str = "REQUEST") -> icalendar.Event:
    """The event as the icalendar library reads it back, without an error."""
    calendar = icalendar.Calendar.from_ical(build_calendar(entry, method))  # type: ignore[arg-type]
    assert [part.errors for part in calendar.walk() if part.errors] == []
    assert calendar["METHOD"] == method
    return calendar.events[0]


def test_a_calendar_file_says_what_the_event_is():
    event = parsed(LESSON)

    assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == ("event-7@school.example", 2, "CONFIRMED")
    assert (event.start, event.end) == (LESSON.starts_at, LESSON.ends_at)
    assert event["DTSTAMP"].dt == LESSON.changed_at
    assert (event["SUMMARY"], event["DESCRIPTION"]) == (LESSON.title, LESSON.description)
    assert event["LOCATION"] == "Atelier 3"
    assert event["GEO"].to_ical() == "52.529;13.401"
    assert event["URL"] == LESSON.url
    assert (event["ORGANIZER"], event["ORGANIZER"].params["CN"]) == (
        "mailto:office@school.example",
        SCHOOL.name,
    )
    assert (event["ATTENDEE"], event["ATTENDEE"].params["CN"]) == ("mailto:mei@example.org", "李 梅")


def test_every_version_has_the_same_identity_and_the_number_of_its_version():
    moved = replace(LESSON, sequence=3, starts_at=LESSON.starts_at + timedelta(days=1))

    assert parsed(moved)["UID"] == parsed(LESSON)["UID"]
    assert parsed(moved)["SEQUENCE"] > parsed(LESSON)["SEQUENCE"]
    assert build_calendar(LESSON, "REQUEST") == build_calendar(LESSON, "REQUEST")


def test_a_plain_event_is_written_in_utc_without_a_time_zone():
    assert b"DTSTART:20260302T090000Z\r\n" in build_calendar(LESSON, "PUBLISH")
    assert b"VTIMEZONE" not in build_calendar(LESSON, "PUBLISH")


def test_a_series_is_written_on_the_clock_of_its_zone():
    data = build_calendar(SERIES, "PUBLISH")

    assert b"DTSTART;TZID=Europe/Berlin:20260302T100000\r\n" in data
    assert b"EXDATE;TZID=Europe/Berlin:20260309T100000\r\n" in data
    assert b"RRULE:FREQ=WEEKLY;UNTIL=20261231T225959Z\r\n" in data
    assert data.count(b"BEGIN:VTIMEZONE") == 1


def test_one_instance_of_a_series_is_named_by_its_original_time():
    moved = replace(LESSON, instance=datetime.fromisoformat("2026-03-02 14:00"))

    assert b"RECURRENCE-ID;TZID=Europe/Berlin:20260302T140000\r\n" in build_calendar(moved, "REQUEST")
    assert b"RRULE" not in build_calendar(moved, "REQUEST").partition(b"BEGIN:VEVENT")[2]


def test_an_all_day_event_is_written_in_dates_of_its_own_zone():
    birthday = replace(
        LESSON,
        all_day=True,
        timezone="Asia/Shanghai",
        starts_at=datetime(2026, 5, 3, 16, tzinfo=UTC),
        ends_at=datetime(2026, 5, 4, 16, tzinfo=UTC),
        rrule="FREQ=YEARLY;UNTIL=20300504T000000Z",
    )
    data = build_calendar(birthday, "PUBLISH")

    assert b"DTSTART;VALUE=DATE:20260504\r\nDTEND;VALUE=DATE:20260505\r\n" in data
    assert b"RRULE:FREQ=YEARLY;UNTIL=20300504\r\n" in data
    assert b"VTIMEZONE" not in data


def test_an_event_without_length_has_no_end():
    assert "DTEND" not in parsed(replace(LESSON, ends_at=LESSON.starts_at))


def test_publishing_names_no_attendees_and_inviting_needs_them():
    assert "ATTENDEE" not in parsed(LESSON, "PUBLISH")
    for lonely in (replace(LESSON, attendees=()), replace(LESSON, organizer=None)):
        with pytest.raises(Invalid, match="REQUEST needs people"):
            build_calendar(lonely, "REQUEST")


def test_a_cancellation_says_so():
    assert parsed(LESSON, "CANCEL")["STATUS"] == "CANCELLED"
    assert parsed(replace(LESSON, cancelled=True), "PUBLISH")["STATUS"] == "CANCELLED"


def test_a_position_that_is_not_on_earth_is_refused():
    with pytest.raises(Invalid, match="latitude"):
        build_calendar(replace(LESSON, latitude=95.0), "PUBLISH")


@settings(deadline=None)
@given(title=st.text(max_size=400), place=st.text(max_size=200), name=st.text(max_size=100))
def test_no_text_breaks_out_of_its_line(title, place, name):
    entry = replace(LESSON, title=title, location=place, organizer=Participant("a@b.example\r\nX:1", name))

    data = build_calendar(entry, "REQUEST")

    lines = data.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert all(line.decode() for line in lines[:-1])
    assert b"\r" not in data.replace(b"\r\n", b"")
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert {line.partition(b":")[0].partition(b";")[0] for line in lines if line[:1] not in (b" ", b"")} <= {
        *(
            b"BEGIN",
            b"VERSION",
            b"PRODID",
            b"CALSCALE",
            b"METHOD",
            b"UID",
            b"SEQUENCE",
            b"DTSTAMP",
            b"DTSTART",
        ),
        *(b"DTEND", b"SUMMARY", b"DESCRIPTION", b"LOCATION", b"URL", b"GEO", b"X-APPLE-STRUCTURED-LOCATION"),
        *(b"STATUS", b"ORGANIZER", b"ATTENDEE", b"END"),
    }


@settings(deadline=None)
@given(title=st.text(st.characters(exclude_categories=("C",)), min_size=1, max_size=200))
def test_a_title_comes_back_as_it_was(title):
    (event,) = read_calendar(build_calendar(replace(LESSON, title=title), "REQUEST")).events

    assert event.title == (" ".join(title.split()) or "(untitled)")
    assert str(parsed(replace(LESSON, title=title))["SUMMARY"]) == title


def test_what_we_write_we_read():
    (event,) = read_calendar(build_calendar(SERIES, "REQUEST"), timezone="Asia/Tokyo").events

    assert (event.uid, event.sequence, event.title) == (SERIES.uid, 2, SERIES.title)
    assert (event.series.timezone, event.series.rrule) == (
        "Europe/Berlin",
        "FREQ=WEEKLY;UNTIL=20261231T225959Z",
    )
    assert event.series.starts == datetime.fromisoformat("2026-03-02 10:00")
    assert event.series.exdates == SERIES.exdates
    assert (event.organizer, event.attendees) == (SCHOOL, (MEI,))
    assert (event.latitude, event.longitude, event.description) == (52.529, 13.401, SERIES.description)


TELLING = [
    *("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Antarctica/Troll", "Africa/Casablanca"),
    *(
        "Africa/Cairo",
        "Asia/Jerusalem",
        "America/Santiago",
        "America/Havana",
        "Asia/Shanghai",
        "Asia/Kathmandu",
    ),
]


@pytest.mark.parametrize("name", TELLING)
def test_the_zone_in_the_file_has_the_hours_of_the_zone(name):
    read = tzical(StringIO(vtimezone(name, 2026).decode())).get()

    hours = (datetime.fromisoformat("2026-01-01 00:30") + timedelta(hours=7 * n) for n in range(2500))

    zone = ZoneInfo(name)
    wrong = [at for at in hours if at.replace(tzinfo=read).utcoffset() != at.replace(tzinfo=zone).utcoffset()]
    assert [
        at
        for at in wrong
        if at.replace(tzinfo=zone, fold=1).utcoffset() == at.replace(tzinfo=zone).utcoffset()
    ] == []


def test_a_zone_with_yearly_rules_is_written_with_them():
    assert b"RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU" in vtimezone("Europe/Berlin", 2026)
    assert b"RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU" in vtimezone("America/New_York", 2026)
    assert b"RRULE" not in vtimezone("Africa/Casablanca", 2026)


def test_links_open_a_new_entry_in_google_and_outlook():
    links = {name: urlsplit(url) for name, url in add_to_calendar_links(SERIES).items()}

    google, outlook = (parse_qs(links[name].query) for name in ("google", "outlook"))
    assert {name: link.netloc for name, link in links.items()} == {
        "google": "calendar.google.com",
        "outlook": "outlook.live.com",
    }
    assert google["dates"] == ["20260302T090000Z/20260302T100000Z"]
    assert (google["ctz"], google["text"]) == (["Europe/Berlin"], [SERIES.title])
    assert google["recur"] == ["RRULE:FREQ=WEEKLY;UNTIL=20261231T225959Z"]
    assert (outlook["startdt"], outlook["enddt"]) == (["2026-03-02T09:00:00Z"], ["2026-03-02T10:00:00Z"])


def test_links_for_an_all_day_event_have_its_own_days():
    trip = replace(
        LESSON,
        all_day=True,
        starts_at=datetime(2026, 5, 3, 22, tzinfo=UTC),
        ends_at=datetime(2026, 5, 5, 22, tzinfo=UTC),
    )
    links = {name: parse_qs(urlsplit(url).query) for name, url in add_to_calendar_links(trip).items()}

    assert links["google"]["dates"] == ["20260504/20260506"]
    assert (links["outlook"]["startdt"], links["outlook"]["allday"]) == (["2026-05-04"], ["true"])
