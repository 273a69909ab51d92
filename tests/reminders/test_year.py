"""A whole year passes in seconds: a weekly lesson is reminded of at each right instant, once, at no other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from edupulse import clock
from edupulse.database import db
from edupulse.reminders import due, planner
from edupulse.reminders.models import Reminder
from edupulse.walltime import to_utc
from tests.reminders.scenes import create, local, mails, rows, utc

BEGIN, NEVER = utc("2026-01-01 00:00"), utc("9999-01-01 00:00")
HOUR = timedelta(hours=1)


class Watch:
    """A clock that is put forward by hand."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


def next_due(after: datetime) -> datetime:
    found = select(func.min(Reminder.due_at)).where(Reminder.state == "planned", Reminder.due_at > after)
    return db.session.scalar(found) or NEVER


def live_through(watch: Watch) -> Iterator[datetime]:
    """Plan once a week, and go from due time to due time in between."""
    for week in range(53):
        watch.at = max(watch.at, BEGIN + timedelta(weeks=week))
        planner.extend(watch.at)
        while (coming := next_due(watch.at)) < BEGIN + timedelta(weeks=week + 1):
            watch.at = coming
            yield coming


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/New_York", "Asia/Shanghai", "Australia/Lord_Howe"]
)
def test_a_weekly_lesson_through_a_year_of_changing_clocks(sqlite_app: Flask, zone: str) -> None:
    watch = Watch(BEGIN)
    with clock.running_on(watch):
        create(
            BEGIN,
            starts=local("2026-01-05 10:00"),
            timezone=zone,
            rrule="FREQ=WEEKLY;UNTIL=20261231",
            leads=(1_440, 15),
        )
        for moment in live_through(watch):
            due.check(moment)

    starts = [to_utc(local("2026-01-05 10:00") + timedelta(weeks=week), zone) for week in range(52)]
    expected = sorted(start - timedelta(minutes=lead) for start in starts for lead in (1_440, 15))
    assert [mail.due_at for mail in mails()] == expected
    assert [mail.accepted_at for mail in mails()] == expected
    assert {row.state for row in rows()} == {"handed_over"}


def test_minute_by_minute_through_the_night_that_has_an_hour_twice(sqlite_app: Flask) -> None:
    create(utc("2026-10-24 12:00"), starts=local("2026-10-25 03:05"), leads=(15, 60))
    watch = Watch(utc("2026-10-24 23:30"))

    with clock.running_on(watch):
        while watch.at < utc("2026-10-25 03:00"):
            due.check(watch.at)
            watch.at += timedelta(minutes=1)

    start = utc("2026-10-25 02:05")
    assert [mail.accepted_at for mail in mails()] == [start - HOUR, start - timedelta(minutes=15)]
