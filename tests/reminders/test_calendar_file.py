"""Calendar files as others write them: forms of time, people, alarms, changed instances; and hostile ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edupulse import clock
from edupulse.reminders import calendar_file
from edupulse.reminders.calendar import Imported, ImportedEvent, Participant, read_calendar
from edupulse.reminders.recurrence import Override, expand

LESSON = """\
UID:lesson-1@example.org
DTSTAMP:20260101T000000Z
DTSTART;TZID=Europe/Berlin:20260302T100000
DTEND;TZID=Europe/Berlin:20260302T113000
SUMMARY:Painting
"""


def file_of(*events: str, head: str = "") -> bytes:
    body = "".join(f"BEGIN:VEVENT\n{event}END:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{head}{body}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def read(*events: str, head: str = "", timezone: str = "Europe/Berlin") -> Imported:
    return read_calendar(file_of(*events, head=head), timezone=timezone)


def one(*events: str, head: str = "", timezone: str = "Europe/Berlin") -> ImportedEvent:
    found = read(*events, head=head, timezone=timezone)
    assert found.problems == []
    assert len(found.events) == 1
    return found.events[0]


def lesson(*more: str, without: str = "") -> str:
    """The lesson with more lines, and without those that begin with a name."""
    kept = [line for line in LESSON.splitlines() if not (without and line.startswith(without))]
    return "\n".join([*kept, *more]) + "\n"


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_an_event_is_read_with_its_time_and_texts():
    event = one(lesson("LOCATION:Atelier 3\\, left", "DESCRIPTION:One\\nTwo", "SEQUENCE:4", "GEO:52.5;13.4"))

    assert (event.uid, event.sequence, event.title, event.line) == ("lesson-1@example.org", 4, "Painting", 3)
    assert (event.series.starts, event.series.ends) == (local("2026-03-02 10:00"), local("2026-03-02 11:30"))
    assert (event.series.timezone, event.series.all_day) == ("Europe/Berlin", False)
    assert (event.location, event.description) == ("Atelier 3, left", "One\nTwo")
    assert (event.latitude, event.longitude) == (52.5, 13.4)


@pytest.mark.parametrize(
    ("start", "zone", "starts"),
    [
        ("DTSTART;TZID=America/New_York:20260302T100000", "America/New_York", "2026-03-02 10:00"),
        ('DTSTART;TZID="America/New_York":20260302T100000', "America/New_York", "2026-03-02 10:00"),
        ("DTSTART;TZID=China Standard Time:20260302T100000", "Asia/Shanghai", "2026-03-02 10:00"),
        ("DTSTART;TZID=W. Europe Standard Time:20260302T100000", "Europe/Berlin", "2026-03-02 10:00"),
        (
            "DTSTART;TZID=/mozilla.org/20050126_1/Europe/Paris:20260302T100000",
            "Europe/Paris",
            "2026-03-02 10:00",
        ),
        ("DTSTART:20260302T100000", "Europe/Berlin", "2026-03-02 10:00"),  # floating: the organisation's
        ("DTSTART:20260302T090000Z", "Europe/Berlin", "2026-03-02 10:00"),  # UTC: on the organisation's clock
        (
            "DTSTART:20261025T013000Z",
            "UTC",
            "2026-10-25 01:30",
        ),  # the second 02:30 has no name of its own there
        ("DTSTART;VALUE=DATE:20260302", "Europe/Berlin", "2026-03-02 00:00"),
    ],
)
def test_a_start_is_kept_on_a_clock_that_names_it(start, zone, starts):
    event = one(lesson(start, without="DT"))

    assert (event.series.timezone, event.series.starts) == (zone, local(starts))


def test_a_series_in_utc_stays_in_utc_so_that_it_keeps_its_instants():
    event = one(lesson("DTSTART:20260302T090000Z", "RRULE:FREQ=WEEKLY", without="DT"))

    assert event.series.timezone == "UTC"


@pytest.mark.parametrize(
    ("lines", "ends"),
    [
        (["DTSTART;VALUE=DATE:20260302", "DTEND;VALUE=DATE:20260305"], "2026-03-05 00:00"),
        (["DTSTART;VALUE=DATE:20260302"], "2026-03-03 00:00"),
        (["DTSTART;VALUE=DATE:20260302", "DTEND;VALUE=DATE:20260302"], "2026-03-03 00:00"),
        (["DTSTART;VALUE=DATE:20260302", "DURATION:P2D"], "2026-03-04 00:00"),
        (["DTSTART:20260302T100000", "DURATION:PT1H30M"], "2026-03-02 11:30"),
        (["DTSTART:20260302T100000", "DURATION:P1W"], "2026-03-09 10:00"),
        (["DTSTART:20260302T100000"], "2026-03-02 10:00"),
        (["DTSTART:20260302T100000", "DTEND:20260302T110000Z"], "2026-03-02 12:00"),
    ],
)
def test_an_end_is_read_in_each_of_its_forms(lines, ends):
    assert one(lesson(*lines, without="DT")).series.ends == local(ends)


def test_exceptions_and_changed_instances_belong_to_their_series():
    event = one(
        lesson(
            "RRULE:FREQ=WEEKLY;COUNT=6",
            "EXDATE;TZID=Europe/Berlin:20260309T100000",
            "EXDATE:20260316T090000Z",
            "RDATE;VALUE=PERIOD:20260401T080000Z/PT1H",
        ),
        "UID:lesson-1@example.org\nRECURRENCE-ID;TZID=Europe/Berlin:20260323T100000\n"
        "DTSTART;TZID=Europe/Berlin:20260324T150000\nDTEND;TZID=Europe/Berlin:20260324T160000\nLOCATION:Hall\n",
        "UID:lesson-1@example.org\nRECURRENCE-ID:20260330T080000Z\nDTSTART:20260330T080000Z\nSTATUS:CANCELLED\n",
    )

    found = expand(event.series, datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))

    assert event.series.exdates == (local("2026-03-09 10:00"), local("2026-03-16 10:00"))
    assert event.series.overrides == {
        local("2026-03-23 10:00"): Override(
            starts=local("2026-03-24 15:00"), ends=local("2026-03-24 16:00"), location="Hall"
        ),
        local("2026-03-30 10:00"): Override(cancelled=True),
    }
    assert [f"{one.starts_at:%m-%d %H:%M}" for one in found] == [
        *("03-02 09:00", "03-24 14:00", "04-01 08:00", "04-06 08:00"),
    ]


def test_a_date_alone_excludes_the_instance_of_that_day():
    event = one(lesson("RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE;VALUE=DATE:20260309"))

    assert event.series.exdates == (local("2026-03-09 10:00"),)


def test_a_changed_instance_without_its_series_is_an_event_of_its_own():
    event = one(lesson("RECURRENCE-ID;TZID=Europe/Berlin:20260302T090000"))

    assert event.uid == "lesson-1@example.org#20260302T1000"
    assert event.series.rrule is None


def test_people_are_read_once_and_rooms_are_not():
    event = one(
        lesson(
            "ORGANIZER;CN=Office:mailto:office@school.example",
            'ATTENDEE;CN="Li, Mei";PARTSTAT=ACCEPTED:mailto:mei@example.org',
            "ATTENDEE;CN=Mei again:MAILTO:Mei@Example.org",
            "ATTENDEE;CUTYPE=ROOM:mailto:room3@school.example",
            "ATTENDEE;EMAIL=jo@example.org:/principals/jo",
        )
    )

    assert event.organizer == Participant("office@school.example", "Office")
    assert event.attendees == (
        Participant("mei@example.org", "Li, Mei", "ACCEPTED"),
        Participant("jo@example.org"),
    )


@pytest.mark.parametrize(
    ("trigger", "leads"),
    [
        ("TRIGGER:-PT15M", (15,)),
        ("TRIGGER;RELATED=START:-P1D", (1440,)),
        ("TRIGGER;RELATED=END:-PT2H", (30,)),
        ("TRIGGER;VALUE=DATE-TIME:20260302T080000Z", (60,)),
        ("TRIGGER;VALUE=DATE-TIME:19760401T005545Z\nACTION:NONE", ()),
    ],
)
def test_alarms_become_minutes_before_the_start(trigger, leads):
    assert one(lesson("BEGIN:VALARM", trigger, "END:VALARM")).leads == leads


def test_several_alarms_are_read_each_once_with_the_longest_first():
    alarms = [
        line
        for lead in ("PT15M", "P1D", "PT15M")
        for line in ("BEGIN:VALARM", f"TRIGGER:-{lead}", "END:VALARM")
    ]

    assert one(lesson(*alarms)).leads == (1440, 15)


ZONE = """\
BEGIN:VTIMEZONE
TZID:Customized Time Zone
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010311T020000
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
END:DAYLIGHT
END:VTIMEZONE
"""


def test_an_unknown_zone_is_recognised_by_its_hours_and_told():
    found = read(lesson("DTSTART;TZID=Customized Time Zone:20260302T100000", without="DT"), head=ZONE)

    assert found.events[0].series.timezone == "America/New_York"
    assert found.problems == [
        'Line 19: the time zone "Customized Time Zone" is not known; read as America/New_York.'
    ]


def test_a_zone_of_which_nothing_is_known_is_read_as_the_organisations():
    found = read(lesson("DTSTART;TZID=Atlantis:20260302T100000", without="DT"), timezone="Asia/Tokyo")

    assert found.events[0].series.timezone == "Asia/Tokyo"
    assert "Atlantis" in found.problems[0]


def test_a_zone_given_for_the_whole_file_holds_for_times_without_one():
    event = one(lesson("DTSTART:20260302T100000", without="DT"), head="X-WR-TIMEZONE:Asia/Shanghai\n")

    assert event.series.timezone == "Asia/Shanghai"


def test_a_cancelled_event_and_a_cancelling_file_are_recognised():
    assert one(lesson("STATUS:CANCELLED")).cancelled
    assert one(lesson(), head="METHOD:CANCEL\n").cancelled
    assert not one(lesson()).cancelled


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (lesson(without="DTSTART"), "Line 3: The event has no DTSTART."),
        (lesson("DTSTART:tomorrow", without="DT"), 'Line 6: DTSTART "tomorrow" is no date or time.'),
        (
            lesson("DTSTART:20260231T100000", without="DT"),
            'Line 6: DTSTART "20260231T100000" is no date or time.',
        ),
        (lesson("DTSTART:00010101T000000", without="DT"), "Line 6: DTSTART"),
        (lesson("DTSTART:20260302T100000", "DTEND:20260302T090000", without="DT"), "ends before it starts"),
        (
            lesson("DTSTART;VALUE=DATE:20260302", "DTEND:20260302T090000", without="DT"),
            "does not go with DTSTART",
        ),
        (
            lesson("DTSTART:20260302T100000", "DURATION:1 hour", without="DT"),
            'DURATION "1 hour" is no duration',
        ),
        (lesson("RRULE:FREQ=SECONDLY"), "FREQ=SECONDLY is not possible"),
        (lesson("RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"), "no such day ever comes"),
        (lesson("RRULE:FREQ=DAILY", "EXRULE:FREQ=WEEKLY"), "is a second rule"),
        (lesson("RRULE:FREQ=DAILY", "EXDATE:never"), 'EXDATE "never" is no date or time'),
    ],
)
def test_an_event_that_cannot_be_used_is_told_by_its_line_and_the_others_are_read(bad, told):
    found = read(bad, lesson().replace("lesson-1", "lesson-2"))

    assert [event.uid for event in found.events] == ["lesson-2@example.org"]
    assert told in found.problems[0]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("GEO:somewhere", 'Line 9: GEO "somewhere" is no position.'),
        ("GEO:95;200", 'Line 9: GEO "95;200" is no position.'),
        ("ATTENDEE:mailto:nobody", 'Line 9: ATTENDEE "mailto:nobody" is no mail address.'),
        ("ATTENDEE:mailto:a@b.example%0D%0ABcc:x@y.example", "is no mail address"),
        ("BEGIN:VALARM\nTRIGGER:PT5M\nEND:VALARM", "is no alarm before the start"),
        ("BEGIN:VALARM\nTRIGGER:-P90D\nEND:VALARM", "is no alarm before the start"),
        ("This is no line", "Line 9: no line of a calendar file"),
        ("X-LONG:" + "x" * 200_000, "Line 9: too long"),
        ("END:VTODO", "Line 9: VTODO ends here and did not begin"),
        ("BEGIN:VALARM", "Line 9: VALARM begins here and does not end"),
    ],
)
def test_what_cannot_be_read_is_told_and_the_event_is_kept(line, told):
    found = read(lesson(line))

    assert [event.title for event in found.events] == ["Painting"]
    assert told in found.problems[0]


def test_of_two_events_with_one_identity_the_later_version_counts():
    found = read(lesson("SEQUENCE:2", "LOCATION:New"), lesson("SEQUENCE:1", "LOCATION:Old"))

    assert [event.location for event in found.events] == ["New"]
    assert "twice" in found.problems[0]


def test_a_change_of_an_instance_that_the_series_does_not_have_is_told():
    found = read(lesson("RRULE:FREQ=WEEKLY"), lesson("RECURRENCE-ID:20260303T090000Z"))

    assert "no such instance" in found.problems[0]
    assert found.events[0].series.overrides == {}


@pytest.mark.parametrize(
    "data", [b"", b"\x00\xff\xfe", b"Dear parents,\r\nplease see", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR"]
)
def test_a_file_without_events_is_told(data):
    found = read_calendar(data)

    assert found.events == []
    assert found.problems


def test_a_file_in_another_encoding_is_read_and_told():
    found = read_calendar(file_of(lesson("LOCATION:Caf\u00e9")).replace("\u00e9".encode(), b"\xe9"))

    assert found.events[0].location == "Caf\ufffd"
    assert found.problems[0].startswith("Line 9: some characters are not UTF-8")


def test_a_byte_order_mark_bare_line_feeds_and_folded_characters_are_read():
    text = "\ufeff" + file_of(lesson("LOCATION:Hall\n  of\n\t art")).decode().replace("\r\n", "\n")

    assert read_calendar(text.encode()).events[0].location == "Hall of art"


def test_a_file_that_is_too_large_is_not_read(monkeypatch):
    monkeypatch.setattr(calendar_file, "LARGEST", 100)

    assert "larger than 100 bytes" in read(lesson()).problems[0]


def test_more_events_than_may_be_are_left_out_and_told(monkeypatch):
    monkeypatch.setattr(calendar_file, "MOST_EVENTS", 2)

    found = read(*(lesson().replace("lesson-1", f"lesson-{n}") for n in range(5)))

    assert len(found.events) == 2
    assert "the rest was left out" in found.problems[0]


def test_reading_stops_when_it_takes_too_long():
    ticks = iter(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=4 * n) for n in range(100))

    with clock.running_on(lambda: next(ticks)):
        found = read(*(lesson().replace("lesson-1", f"lesson-{n}") for n in range(10)))

    assert 0 < len(found.events) < 10
    assert "too slow" in found.problems[0]


def test_many_problems_are_told_in_part_and_counted():
    found = read(lesson(*(f"nonsense {n}" for n in range(500))))

    assert len(found.problems) == 101
    assert found.problems[-1] == "There are 400 problems more."


HOSTILE = [
    b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 50_000,
    b"BEGIN:VCALENDAR\r\n" + b"END:VEVENT\r\n" * 50_000,
    b"BEGIN:VEVENT\r\nDTSTART:" + b",20260101" * 100_000,
    b"BEGIN:VEVENT\r\nATTENDEE" + b";A=" * 100_000 + b":x",
    b"BEGIN:VEVENT\r\nATTENDEE;CN=" + b'"' * 90_000,
    b"A\r\n" + b" \r\n" * 200_000,
    b"\r" * 1_000_000,
    b"BEGIN:VEVENT\r\nDTSTART:20260101\r\nDURATION:P" + b"9" * 5_000 + b"D\r\nEND:VEVENT",
    b"BEGIN:VEVENT\r\nDTSTART:20260101\r\nSEQUENCE:" + b"9" * 5_000 + b"\r\nEND:VEVENT",
    b"BEGIN:VEVENT\r\nDTSTART:20260101\r\nEXDATE:" + b",".join([b"20260101"] * 10_000) + b"\r\nEND:VEVENT",
    b"BEGIN:VEVENT\r\nDTSTART:20260101\r\nGEO:nan;inf\r\nEND:VEVENT",
    b"BEGIN:VEVENT\r\nDTSTART;TZID=../../etc/passwd:20260101T000000\r\nEND:VEVENT",
    b"BEGIN:VEVENT\r\nDTSTART;TZID=Europe:20260101T000000\r\nEND:VEVENT",
]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("data", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_file_is_answered_with_problems_or_events(data):
    found = read_calendar(data)

    assert found.problems or found.events
    assert len(found.problems) <= 103


FULL = file_of(
    lesson(
        "RRULE:FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20261231T225959Z",
        "EXDATE;TZID=Europe/Berlin:20260309T100000",
        'ATTENDEE;CN="Li, Mei";PARTSTAT=ACCEPTED:mailto:mei@example.org',
        "GEO:52.5;13.4",
        "BEGIN:VALARM",
        "TRIGGER:-PT15M",
        "END:VALARM",
    ),
    lesson("RECURRENCE-ID;TZID=Europe/Berlin:20260304T100000"),
    head=ZONE,
)
PIECES = st.sampled_from(
    [
        *(
            b"\r\n",
            b"\n ",
            b":",
            b";",
            b",",
            b"=",
            b'"',
            b"Z",
            b"T",
            b"\x00",
            b"\xff",
            b"\xe6\xb1",
            b"99999999",
            b"-1",
        ),
        *(
            b"BEGIN:VEVENT\r\n",
            b"END:VEVENT\r\n",
            b"RRULE:FREQ=YEARLY;BYDAY=53SU\r\n",
            b"RECURRENCE-ID:20260302\r\n",
        ),
        *(b"DTSTART:99991231T235959Z\r\n", b"RDATE:20260101T000000/PT1H\r\n", b"DURATION:-P9999W\r\n"),
        b"TRIGGER;RELATED=END:-P9999W\r\n",
    ]
)
MUTATIONS = st.lists(st.tuples(st.integers(0, len(FULL)), st.integers(0, 40), PIECES), min_size=1, max_size=8)


@settings(deadline=None, max_examples=400)
@given(mutations=MUTATIONS)
def test_no_mutation_of_a_file_breaks_the_reader_or_yields_an_event_that_cannot_be_planned(mutations):
    data = FULL
    for place, length, piece in mutations:
        data = data[:place] + piece + data[place + length :]

    for event in read_calendar(data, timezone="Europe/Berlin").events:
        found = expand(event.series, datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
        assert all(one.starts_at <= one.ends_at for one in found)
        assert all(0 < lead <= 40_320 for lead in event.leads)
        assert event.title


@settings(deadline=None, max_examples=200)
@given(data=st.binary(max_size=300))
def test_any_bytes_are_answered(data):
    found = read_calendar(data)

    assert found.problems or found.events
