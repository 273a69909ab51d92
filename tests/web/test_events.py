"""Events through the pages: entered, changed, called off, restored, and nothing typed is ever lost."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from html import unescape
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from edupulse.accounts.models import AuditEntry
from edupulse.database import db
from edupulse.mail.models import Delivery
from edupulse.reminders.events import AttendeeDraft
from edupulse.reminders.models import Event, Reminder
from tests.rows import an_event
from tests.web.conftest import Browser, words_of

pytestmark = pytest.mark.usefixtures("now")  # Thursday 2026-03-12 09:00 UTC

DRAWING = {
    "title": "Life drawing",
    "start_date": "2026-03-17",
    "start_time": "18:00",
    "end_date": "2026-03-17",
    "end_time": "20:30",
    "timezone": "Europe/Berlin",
    "location": "Studio 3",
    "latitude": "52.5296",
    "longitude": "13,4014",
    "description": "Bring an apron.",
    "repeat": "weekly",
    "weekday": ["TU", "TH"],
    "lead": ["1440", "60"],
    "other_leads": "45 minutes",
    "email_reminder": "on",
    "attendees": "Zoë <zoe@school.example>\nLi <li@school.example> (zh)\nBen",
}


def only_event() -> Event:
    return db.session.scalars(select(Event)).one()


def actions() -> list[str]:
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))[
        1:
    ]  # the first made the person


def field(page: str, name: str) -> str:
    """Return what stands in a field of a form."""
    found = re.search(rf'<input[^>]* name="{name}" value="([^"]*)"', page)
    area = re.search(rf'<textarea[^>]* name="{name}"[^>]*>\n(.*?)</textarea>', page, flags=re.S)
    match = found or area
    assert match is not None
    return unescape(match[1])


def chosen(page: str, name: str) -> list[str]:
    """Return the boxes or buttons of a name that are on."""
    tags = re.findall(rf'<input type="(?:radio|checkbox)"[^>]*name="{name}"[^>]*>', page)
    return [re.search(r'value="([^"]*)"', tag)[1] for tag in tags if " checked" in tag]  # type: ignore[index]


def test_an_empty_list_teaches(operator: Browser, viewer: Browser) -> None:
    assert "Each of them gets a mail before it starts: 15 minutes before" in words_of(operator.get("/events"))
    assert "New event" not in words_of(viewer.get("/events"))


def test_an_event_is_entered_with_people_leads_place_and_repeat(operator: Browser) -> None:
    answer = operator.post("/events", DRAWING, follow_redirects=True)

    event = only_event()
    assert "“Life drawing” is in. Its reminders are planned." in words_of(answer)
    assert (event.starts_local, event.ends_local) == (
        datetime(2026, 3, 17, 18, 0),
        datetime(2026, 3, 17, 20, 30),
    )
    assert (event.timezone, event.rrule, event.leads) == (
        "Europe/Berlin",
        "FREQ=WEEKLY;BYDAY=TU,TH",
        [1440, 60, 45],
    )
    assert (event.latitude, event.longitude, event.location) == (52.5296, 13.4014, "Studio 3")
    assert [(p.name, p.address, p.locale) for p in event.attendees] == [
        ("Zoë", "zoe@school.example", "en"),
        ("Li", "li@school.example", "zh"),
        ("Ben", "", "en"),
    ]
    assert actions() == ["event.create"]


def test_an_all_day_event_needs_no_clock(operator: Browser) -> None:
    trip = {
        "title": "Trip",
        "start_date": "2026-05-01",
        "end_date": "2026-05-03",
        "all_day": "on",
        "timezone": "UTC",
    }

    operator.post("/events", trip)

    event = only_event()
    assert event.all_day
    assert (event.starts_local, event.ends_local) == (datetime(2026, 5, 1), datetime(2026, 5, 4))
    assert "Fri 1 May 2026 – Sun 3 May 2026, all day" in words_of(operator.get(f"/events/{event.id}"))


@pytest.mark.parametrize(
    ("change", "field_name", "sentence"),
    [
        ({"title": ""}, "title", "The title is missing."),
        ({"title": "a\r\nBcc: x@y.example"}, "title", "line break"),
        ({"title": "x" * 10_000}, "title", "10,000 characters"),
        ({"end_time": "17:00"}, "end_date", "before the start"),
        ({"start_time": ""}, "start_date", "The start has no usable time."),
        ({"timezone": "Mars/Olympus"}, "timezone", "not a known time zone"),
        ({"latitude": "95"}, "latitude", "not on the globe"),
        ({"latitude": ""}, "latitude", "needs latitude and longitude"),
        ({"other_leads": "soon"}, "leads", "not a time before an event"),
        ({"attendees": "Zoë <zoe@@school.example>"}, "attendees", "not a usable e-mail address"),
        ({"repeat": "custom", "rrule": "FREQ=SECONDLY"}, "rrule", "FREQ=SECONDLY"),
    ],
)
def test_what_cannot_be_used_is_said_beside_its_field_and_everything_stays(
    operator: Browser, change: dict[str, str], field_name: str, sentence: str
) -> None:
    typed: dict[str, Any] = {**DRAWING, **change}

    answer = operator.post("/events", typed)

    assert answer.status_code == 422
    problem = re.search(rf'id="{field_name}-error".*?<span>(.*?)</span>', answer.text, flags=re.S)
    assert problem is not None
    assert sentence in unescape(problem[1])
    for name in (
        "start_date",
        "start_time",
        "timezone",
        "location",
        "latitude",
        "longitude",
        "other_leads",
        "attendees",
        "description",
    ):
        assert field(answer.text, name) == typed[name]
    assert chosen(answer.text, "lead") == ["60", "1440"]
    assert chosen(answer.text, "repeat") == [typed["repeat"]]
    assert chosen(answer.text, "weekday") == ["TU", "TH"]
    assert db.session.scalars(select(Event)).all() == []


def test_several_mistakes_are_said_at_once(operator: Browser) -> None:
    answer = operator.post(
        "/events", {**DRAWING, "title": "", "timezone": "Mars/Olympus", "location": "x" * 600}
    )

    assert re.findall(r'id="(\w+)-error"', answer.text) == ["title", "timezone", "location"]


def test_the_form_of_an_event_says_what_is_stored(operator: Browser) -> None:
    operator.post("/events", DRAWING)

    page = operator.get(f"/events/{only_event().id}/edit").text

    assert field(page, "title") == "Life drawing"
    assert (field(page, "start_date"), field(page, "end_time")) == ("2026-03-17", "20:30")
    assert field(page, "attendees") == "Zoë <zoe@school.example>\nLi <li@school.example> (zh)\nBen"
    assert (chosen(page, "repeat"), chosen(page, "weekday")) == (["weekly"], ["TU", "TH"])
    assert (chosen(page, "lead"), field(page, "other_leads")) == (["60", "1440"], "45 minutes")


def test_an_event_is_changed(operator: Browser) -> None:
    event = an_event()

    answer = operator.post(f"/events/{event.id}", {**DRAWING, "revision": "0"}, follow_redirects=True)

    assert "Saved." in words_of(answer)
    assert only_event().title == "Life drawing"
    assert actions()[-1] == "event.change"


def test_two_who_change_the_same_event_do_not_overwrite_each_other_unseen(operator: Browser) -> None:
    event = an_event()
    operator.post(f"/events/{event.id}", {**DRAWING, "title": "First", "revision": "0"})

    answer = operator.post(f"/events/{event.id}", {**DRAWING, "title": "Second", "revision": "0"})

    assert answer.status_code == 409
    assert "Somebody else changed this event while you did." in words_of(answer)
    assert field(answer.text, "title") == "Second"
    assert only_event().title == "First"
    operator.post(
        f"/events/{event.id}", {**DRAWING, "title": "Second", "revision": field(answer.text, "revision")}
    )
    assert only_event().title == "Second"


def test_an_event_is_cancelled_and_restored(operator: Browser) -> None:
    event = an_event()

    cancelled = operator.post(f"/events/{event.id}/cancellation", follow_redirects=True)
    assert "Cancelled" in words_of(cancelled)
    assert "Oil painting" in words_of(operator.get("/events?when=cancelled"))
    restored = operator.post(f"/events/{event.id}/restoration", follow_redirects=True)

    assert "takes place again" in words_of(restored)
    assert operator.post(f"/events/{event.id}/restoration").status_code == 409
    assert actions() == ["event.create", "event.cancel", "event.restore"]


def test_the_reminder_is_sent_now_by_hand(operator: Browser) -> None:
    event = an_event()

    answer = operator.post(f"/events/{event.id}/reminders", follow_redirects=True)

    page = words_of(answer)
    assert "1 mail by hand for the next date." in page
    assert "Reminder by hand" in page
    assert [mail.address for mail in db.session.scalars(select(Delivery))] == ["zoe@school.example"]


def test_nobody_to_remind_is_said_with_the_reason(operator: Browser) -> None:
    event = an_event(attendees=[AttendeeDraft("", "Ben")])

    answer = operator.post(f"/events/{event.id}/reminders")

    assert answer.status_code == 409
    assert "No e-mail address is known" in words_of(answer)


def test_the_page_of_an_event_tells_what_was_planned_for_whom(viewer: Browser) -> None:
    event = an_event(
        location="Studio 3", attendees=[AttendeeDraft("zoe@school.example", "Zoë"), AttendeeDraft("", "Ben")]
    )

    page = words_of(viewer.get(f"/events/{event.id}"))

    assert "Fri 13 Mar 2026, 09:00–10:00 UTC" in page
    assert "15 minutes before Tomorrow 08:45 UTC 1 planned" in page
    assert "Ben No e-mail address is known for the person." in page
    assert "Google Maps" in page


@pytest.mark.parametrize(
    "address", ["zoe@school.example", "ZOE@school.example", "Ben", "nobody@school.example"]
)
def test_it_says_why(viewer: Browser, address: str) -> None:
    event = an_event(attendees=[AttendeeDraft("zoe@school.example", "Zoë"), AttendeeDraft("", "Ben")])

    page = words_of(viewer.get(f"/events/{event.id}/why", query_string={"address": address}))

    sentence = {"Ben": "address", "nobody@school.example": "nobody@school.example"}.get(
        address, "It is not time yet"
    )
    assert sentence in page


def test_without_a_name_the_page_asks_for_one(viewer: Browser) -> None:
    assert "Name or address" in words_of(viewer.get(f"/events/{an_event().id}/why"))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Near", "Series", "Far"]),
        ("when=past", ["Gone"]),
        ("q=near", ["Near"]),
        ("q=nothing", []),
        ("when=past&q=gone", ["Gone"]),
    ],
)
def test_the_list_shows_what_comes_up_soonest_first(
    viewer: Browser, now: datetime, query: str, found: list[str]
) -> None:
    today = now.replace(tzinfo=None)
    an_event("Far", today + timedelta(days=20))
    an_event("Near", today + timedelta(days=1))
    an_event("Series", today - timedelta(days=5), rrule="FREQ=WEEKLY")  # next in two days
    an_event("Gone", today - timedelta(days=5))

    page = viewer.get(f"/events?{query}").text

    assert re.findall(r'class="row-link" href="/events/\d+">(\w+)<', page) == found


def test_a_calendar_file_is_brought_in(operator: Browser) -> None:
    lines = (
        *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//y//EN", "BEGIN:VEVENT", "UID:1@x"),
        *("DTSTAMP:20260301T000000Z", "DTSTART:20260401T080000Z", "DTEND:20260401T090000Z"),
        *("SUMMARY:Easter breakfast", "END:VEVENT", "END:VCALENDAR", ""),
    )
    ics = "\r\n".join(lines)

    answer = operator.post("/events/import", {"file": (BytesIO(ics.encode()), "school.ics")})

    assert answer.status_code == 200
    assert "Easter breakfast" in words_of(operator.get("/events"))


def test_without_a_file_the_form_asks_for_one(operator: Browser) -> None:
    answer = operator.post("/events/import")

    assert answer.status_code == 422
    assert "Choose a calendar file (.ics) first." in words_of(answer)


@pytest.mark.parametrize("content", [b"", b"this is no calendar", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"])
def test_a_file_without_events_says_that_nothing_was_found(operator: Browser, content: bytes) -> None:
    answer = operator.post("/events/import", {"file": (BytesIO(content), "school.ics")})

    assert "0 events in the file" in words_of(answer)
    assert db.session.scalars(select(Event)).all() == []


def test_an_unknown_event_is_not_found(operator: Browser) -> None:
    for address in ("/events/4711", "/events/4711/edit", "/events/4711/why?address=x"):
        assert operator.get(address).status_code == 404
    for address in ("/events/4711", "/events/4711/cancellation", "/events/4711/reminders"):
        assert operator.post(address, DRAWING).status_code == 404


class TestDates:
    """One date of a series."""

    @pytest.fixture
    def series(self, site: Flask) -> Event:
        return an_event(rrule="FREQ=DAILY", location="Studio 1")  # from 2026-03-13 09:00

    def test_every_date_to_come_leads_to_its_page(self, operator: Browser, series: Event) -> None:
        page = operator.get(f"/events/{series.id}").text

        link = re.search(rf'/events/{series.id}/dates/2026-03-15T09[^"]*', page)
        assert link is not None
        assert "Sun 15 Mar 2026, 09:00–10:00 UTC" in words_of(operator.get(link[0]))

    def test_one_date_is_moved(self, operator: Browser, series: Event) -> None:
        moved = {
            "start_date": "2026-03-15",
            "start_time": "14:00",
            "end_date": "2026-03-15",
            "end_time": "15:00",
            "location": "Hall",
        }

        answer = operator.post(f"/events/{series.id}/dates/2026-03-15T09:00:00", moved, follow_redirects=True)

        assert "Sun 15 Mar 2026, 14:00–15:00 UTC Hall" in words_of(answer)
        assert actions()[-1] == "occurrence.change"

    def test_a_date_that_cannot_be_read_stays_in_the_form(self, operator: Browser, series: Event) -> None:
        answer = operator.post(
            f"/events/{series.id}/dates/2026-03-15T09:00:00", {"start_date": "", "location": "Hall"}
        )

        assert answer.status_code == 422
        assert field(answer.text, "location") == "Hall"

    def test_one_date_is_left_out_and_put_back(self, operator: Browser, series: Event) -> None:
        address = f"/events/{series.id}/dates/2026-03-15T09:00:00"

        left_out = operator.post(f"{address}/cancellation", follow_redirects=True)
        assert "2026-03-15, 09:00:00 Put back" in words_of(left_out)
        back = operator.post(f"{address}/restoration", follow_redirects=True)

        assert "Put back" not in words_of(back)
        assert "Sun 15 Mar 2026" in words_of(back)

    def test_the_series_goes_on_differently_from_a_date_on(self, operator: Browser, series: Event) -> None:
        address = f"/events/{series.id}/dates/2026-03-15T09:00:00/following"
        page = operator.get(address).text
        assert (field(page, "start_date"), field(page, "title")) == ("2026-03-15", "Oil painting")

        operator.post(
            address,
            {**DRAWING, "title": "Oil, afternoons", "start_date": "2026-03-15", "end_date": "2026-03-15"},
        )

        titles = list(db.session.scalars(select(Event.title).order_by(Event.id)))
        assert titles == ["Oil painting", "Oil, afternoons"]

    def test_a_mistake_there_loses_nothing_either(self, operator: Browser, series: Event) -> None:
        address = f"/events/{series.id}/dates/2026-03-15T09:00:00/following"

        answer = operator.post(address, {**DRAWING, "title": ""})

        assert answer.status_code == 422
        assert field(answer.text, "location") == "Studio 3"
        assert (
            f'action="{address.replace(":", "%3A")}"' in answer.text or f'action="{address}"' in answer.text
        )

    def test_a_date_that_is_none_is_not_found(self, operator: Browser, series: Event) -> None:
        assert operator.get(f"/events/{series.id}/dates/2026-03-15T10:00:00").status_code == 404
        assert operator.post(f"/events/{series.id}/dates/nonsense/cancellation").status_code == 422


def test_reminders_that_fell_away_are_shown_with_their_reason(operator: Browser) -> None:
    event = an_event()
    operator.post(f"/events/{event.id}/cancellation")

    page = words_of(operator.get(f"/events/{event.id}"))

    assert db.session.scalars(select(Reminder.state)).all() == ["cancelled"]
    assert "The event was cancelled." in page
