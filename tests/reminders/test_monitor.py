"""What the doors ask about events: lists, next dates, dates left out, and where a mail came from."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from edupulse.database import db
from edupulse.errors import NotFound
from edupulse.mail.mailing import Mailing
from edupulse.mail.senders import sender_id
from edupulse.paging import Page
from edupulse.reminders.events import cancel_event, cancel_occurrence
from edupulse.reminders.models import Reminder
from edupulse.reminders.monitor import (
    EventFilter,
    Listed,
    coming_occurrences,
    event,
    events,
    left_out,
    origin_of,
)
from edupulse.transaction import transaction
from tests.rows import a_delivery, an_event


def titles(page: Page[Listed]) -> list[str]:
    return [row.event.title for row in page.items]


@pytest.fixture
def today(now: datetime) -> datetime:
    return now.replace(tzinfo=None)


def test_what_comes_up_is_sorted_by_its_next_date(app: Flask, now: datetime, today: datetime) -> None:
    an_event("later", today + timedelta(days=9))
    an_event("weekly", today - timedelta(days=6), rrule="FREQ=WEEKLY")
    an_event("going on", today - timedelta(minutes=20))
    an_event("birthday", today - timedelta(days=3 * 365 - 30), rrule="FREQ=YEARLY", all_day=True)
    an_event("over", today - timedelta(days=1))
    an_event("finished series", today - timedelta(days=9), rrule="FREQ=DAILY;COUNT=3")

    page = events(EventFilter(), now)

    assert titles(page) == ["going on", "weekly", "later", "birthday"]
    assert page.items[1].starts_at == now + timedelta(days=1)
    assert titles(events(EventFilter(when="past"), now)) == ["over", "finished series"]


def test_cancelled_events_have_a_list_of_their_own(app: Flask, now: datetime) -> None:
    cancel_event(an_event("off").id, "test")

    assert titles(events(EventFilter(), now)) == []
    assert titles(events(EventFilter(when="cancelled"), now)) == ["off"]


def test_text_is_found_in_title_place_and_description(app: Flask, now: datetime) -> None:
    (
        an_event("Drawing"),
        an_event("b", location="Drawing room"),
        an_event("c", description="some DRAWING"),
        an_event("100% other"),
    )

    assert len(events(EventFilter(text="drawing"), now).items) == 3
    assert titles(events(EventFilter(text="%"), now)) == ["100% other"]


def test_a_long_list_is_turned_over(app: Flask, now: datetime, today: datetime) -> None:
    for number in range(5):
        an_event(str(number), today + timedelta(days=1 + number))

    first = events(EventFilter(), now, size=2)
    second = events(EventFilter(), now, first.next or "", size=2)

    assert (titles(first), titles(second)) == (["0", "1"], ["2", "3"])


def test_the_next_dates_of_a_rare_event_are_found_far_away(
    app: Flask, now: datetime, today: datetime
) -> None:
    leap = an_event("leap day", datetime(2024, 2, 29, 10, 0), rrule="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29")

    assert [date.original for date in coming_occurrences(leap, now, 2)] == [
        "2028-02-29T10:00:00",
        "2032-02-29T10:00:00",
    ]


def test_a_date_that_was_left_out_is_remembered_until_it_is_over(app: Flask, now: datetime) -> None:
    series = an_event(rrule="FREQ=DAILY")
    cancel_occurrence(series.id, "2026-03-14T09:00:00", "test")

    assert left_out(event(series.id), now) == ["2026-03-14T09:00:00"]
    assert left_out(event(series.id), now + timedelta(days=3)) == []


def test_a_mail_leads_back_to_its_reminder_and_event(app: Flask, now: datetime) -> None:
    lesson = an_event()
    by_reminder, by_subject, test = (
        a_delivery(subject_id="0"),
        a_delivery(subject_id=str(lesson.id)),
        a_delivery(kind="test", subject_id="1"),
    )
    with transaction() as session:
        session.scalars(select(Reminder)).one().delivery_id = by_reminder.id
    db.session.expire_all()

    found = origin_of(by_reminder)

    assert found.event is not None
    assert found.reminder is not None
    assert found.event.id == lesson.id
    assert origin_of(by_subject).event is not None
    assert origin_of(by_subject).reminder is None
    assert origin_of(test).event is None


def test_a_mail_of_a_campaign_leads_to_no_event_of_the_same_number(app: Flask, now: datetime) -> None:
    lesson = an_event()
    with transaction() as session:
        mailing = Mailing(sender_id=sender_id(), title="News", created_at=now)
        session.add(mailing)
    newsletter = a_delivery(kind="newsletter", subject_id=str(lesson.id), mailing_id=mailing.id)

    assert origin_of(newsletter).event is None


def test_an_unknown_event_is_not_found(sqlite_app: Flask) -> None:
    with pytest.raises(NotFound):
        event(4711)
