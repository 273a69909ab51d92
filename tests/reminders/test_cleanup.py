from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import func, select

from edupulse import clock
from edupulse.accounts.audit import entries_of
from edupulse.database import db
from edupulse.errors import Invalid
from edupulse.mail.models import Delivery
from edupulse.reminders.cleanup import cleanup
from edupulse.reminders.models import Attendee, Event, Reminder
from tests.reminders.scenes import arrive, becomes, check, create, local, mails, utc

DUE = utc("2026-03-16 08:45")


@pytest.fixture(autouse=True)
def long_after() -> Iterator[None]:
    with clock.frozen(utc("2026-06-01 12:00")):
        yield


def titles() -> list[str]:
    return list(db.session.scalars(select(Event.title).order_by(Event.title)))


def test_a_dry_run_names_what_would_go_and_removes_nothing(app: Flask) -> None:
    create(title="Old")
    check(DUE)
    arrive(DUE)

    report = cleanup()

    assert (report.dry_run, report.events, report.reminders) == (True, 1, 1)
    assert [(each.title, each.ended_at) for each in report.shown] == [("Old", utc("2026-03-16 10:00"))]
    assert titles() == ["Old"]


def test_what_is_over_and_reminded_goes_and_its_mails_stay(app: Flask) -> None:
    create(title="Old")
    create(title="Recent", starts=local("2026-05-20 10:00"))
    check(DUE)
    check(utc("2026-05-20 07:45"))
    arrive(DUE)

    report = cleanup(dry_run=False, actor="head@school.example")

    assert report.events == 1
    assert titles() == ["Recent"]
    assert len(mails()) == 2
    for table in (Attendee, Reminder):
        assert db.session.scalar(select(func.count()).select_from(table)) == 1
    assert entries_of("events")[0].detail["count"] == 1


@pytest.mark.parametrize("state", ["queued", "sending", "deferred", "unknown"])
def test_an_event_with_a_mail_in_the_air_or_in_doubt_stays(app: Flask, state: str) -> None:
    create()
    check(DUE)
    becomes(mails(), state, DUE, said="0 ")

    assert cleanup(dry_run=False).events == 0


def test_an_event_whose_reminder_is_still_planned_stays(app: Flask) -> None:
    create()

    assert cleanup(dry_run=False).events == 0


def test_a_series_goes_when_its_last_date_is_old(app: Flask) -> None:
    create(title="Ended", rrule="FREQ=WEEKLY;COUNT=2", email_reminder=False)
    create(title="Endless", rrule="FREQ=WEEKLY", email_reminder=False)
    create(title="Still going", rrule="FREQ=WEEKLY;UNTIL=20260525", email_reminder=False)

    cleanup(dry_run=False)

    assert titles() == ["Endless", "Still going"]


def test_more_than_a_handful_go_bit_by_bit(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edupulse.reminders.cleanup.AT_ONCE", 2)
    for number in range(5):
        create(title=f"Old {number}", email_reminder=False)

    assert cleanup(dry_run=False).events == 5
    assert titles() == []
    assert db.session.scalar(select(func.count()).select_from(Delivery)) == 0


def test_less_than_a_day_is_refused(app: Flask) -> None:
    with pytest.raises(Invalid, match="at least one day"):
        cleanup(0, dry_run=False)
