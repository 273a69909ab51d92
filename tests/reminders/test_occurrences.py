"""One date of a series changes, or the series goes on differently: each date is still reminded of once."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from flask import Flask

from edupulse import clock
from edupulse.errors import Conflict, Invalid
from edupulse.reminders import events
from edupulse.reminders.models import Event
from tests.reminders.scenes import arrive, change, check, create, local, mails, rows, utc

pytestmark = pytest.mark.usefixtures("long_before")

FIRST, SECOND, THIRD = "2026-03-16T10:00:00", "2026-03-23T10:00:00", "2026-03-30T10:00:00"
DUE = utc("2026-03-16 08:45")
LATER = utc("2026-03-16 08:50")


def weekly(**changes: object) -> Event:
    return create(rrule="FREQ=WEEKLY;COUNT=3", **changes)


def planned() -> list[str]:
    return [f"{each.starts_at:%m-%d %H:%M}" for each in rows(state="planned")]


def calendar_of(mail: object) -> str:
    return base64.b64decode(mail.content.attachments[0]["base64"]).decode()  # type: ignore[attr-defined]


def test_one_date_is_moved_and_the_others_stay(app: Flask) -> None:
    event = weekly()

    events.change_occurrence(event.id, SECOND, "test", starts=local("2026-03-24 14:00"))

    assert planned() == ["03-16 09:00", "03-24 13:00", "03-30 08:00"]
    moved = rows(original=SECOND, state="planned")[0]
    assert moved.ends_at == utc("2026-03-24 14:00")


def test_one_date_gets_another_place(app: Flask) -> None:
    event = weekly()
    events.change_occurrence(event.id, SECOND, "test", location="Museum")

    for day in ("2026-03-16 08:45", "2026-03-23 08:45", "2026-03-30 07:45"):
        check(utc(day))

    assert [each.location for each in rows()] == ["Studio 2", "Museum", "Studio 2"]
    assert "Where: Museum" in mails()[1].content.text


def test_a_place_that_is_the_series_own_is_no_exception(app: Flask) -> None:
    event = weekly()

    events.change_occurrence(event.id, SECOND, "test", location="Studio 2")
    moved = change(event, LATER, location="Hall")

    assert moved.overrides[SECOND]["location"] is None


def test_one_date_is_left_out_and_put_back(app: Flask) -> None:
    event = weekly()

    events.cancel_occurrence(event.id, SECOND, "test")
    assert planned() == ["03-16 09:00", "03-30 08:00"]

    events.restore_occurrence(event.id, SECOND, "test")
    assert planned() == ["03-16 09:00", "03-23 09:00", "03-30 08:00"]


def test_an_excluded_date_can_be_put_back(app: Flask) -> None:
    event = weekly(exdates=(local("2026-03-23 10:00"),))
    assert planned() == ["03-16 09:00", "03-30 08:00"]

    events.restore_occurrence(event.id, SECOND, "test")

    assert planned() == ["03-16 09:00", "03-23 09:00", "03-30 08:00"]


def test_cancelling_a_date_that_was_told_tells_that_date_only(app: Flask) -> None:
    event = weekly()
    check(DUE)
    arrive(DUE)

    with clock.frozen(LATER):
        events.cancel_occurrence(event.id, FIRST, "test")
    check(LATER)

    assert [mail.subject for mail in mails("cancellation")] == ["Cancelled: Oil painting (Mon 16 Mar, 10:00)"]
    assert planned() == ["03-23 09:00", "03-30 08:00"]


def test_the_calendar_entry_names_the_date_and_keeps_its_name_when_the_series_moves(app: Flask) -> None:
    event = weekly(leads=(1_440, 15))
    check(utc("2026-03-15 09:00"))
    arrive(utc("2026-03-15 09:00"))
    moving = utc("2026-03-15 12:00")

    change(event, moving, starts=local("2026-03-16 11:00"))
    check(moving)
    arrive(moving)
    check(utc("2026-03-16 09:45"))

    told, corrected, reminded = (calendar_of(mail) for mail in mails())
    for version in (told, corrected, reminded):
        assert "RECURRENCE-ID;TZID=Europe/Berlin:20260316T100000" in version
        assert f"UID:{event.uid}" in version
    assert "SEQUENCE:0" in told
    assert "SEQUENCE:1" in corrected
    assert "DTSTART;TZID=Europe/Berlin:20260316T110000" in reminded


def test_a_series_moved_to_tuesdays_corrects_the_told_date_and_plans_the_others(app: Flask) -> None:
    event = weekly()
    check(DUE)
    arrive(DUE)

    change(event, LATER, starts=local("2026-03-17 10:00"))
    check(LATER)

    assert [mail.subject for mail in mails("correction")] == ["New time: Oil painting (Tue 17 Mar, 10:00)"]
    assert planned() == ["03-17 09:00", "03-24 09:00", "03-31 08:00"]


def test_the_end_of_a_series_ends_its_reminders(app: Flask) -> None:
    event = create(rrule="FREQ=WEEKLY")
    change(event, LATER, rrule="FREQ=WEEKLY;UNTIL=20260323")

    assert planned() == ["03-16 09:00", "03-23 09:00"]


def test_this_and_all_following_is_a_series_of_its_own(app: Flask) -> None:
    event = weekly()
    draft = replace(events.following_draft(event, SECOND), starts=local("2026-03-24 16:00"), ends=None)

    new = events.change_following(event.id, SECOND, draft, "test")

    assert [f"{each.starts_at:%m-%d %H:%M}" for each in rows(state="planned", event_id=event.id)] == [
        "03-16 09:00"
    ]
    assert [f"{each.starts_at:%m-%d %H:%M}" for each in rows(state="planned", event_id=new.id)] == [
        "03-24 15:00",
        "03-31 14:00",
    ]
    assert new.uid != event.uid
    assert [person.address for person in new.attendees] == ["anna@school.example"]


def test_who_was_told_of_a_following_date_is_corrected_once(app: Flask) -> None:
    event = weekly(leads=(1_440,))
    sunday = utc("2026-03-22 10:00")
    check(utc("2026-03-15 09:00"))
    check(utc("2026-03-22 09:00"))
    arrive(sunday)
    draft = replace(events.following_draft(event, SECOND), starts=local("2026-03-23 16:00"), ends=None)

    with clock.frozen(sunday):
        events.change_following(event.id, SECOND, draft, "test")
    check(sunday)

    assert [mail.subject for mail in mails("correction")] == ["New time: Oil painting (Mon 23 Mar, 16:00)"]
    assert mails("cancellation") == []


def test_going_on_unchanged_tells_nobody_anything(app: Flask) -> None:
    event = weekly(leads=(1_440,))
    sunday = utc("2026-03-22 10:00")
    check(utc("2026-03-22 09:00"))
    arrive(sunday)
    draft = replace(events.following_draft(event, SECOND), title="Watercolour")

    with clock.frozen(sunday):
        new = events.change_following(event.id, SECOND, draft, "test")
    check(sunday)

    assert [mail.kind for mail in mails()] == ["reminder"]
    assert [(each.original, each.state) for each in rows(event_id=new.id)] == [
        (SECOND, "handed_over"),
        (THIRD, "planned"),
    ]


def test_a_moved_date_goes_along_with_the_following(app: Flask) -> None:
    event = weekly()
    events.change_occurrence(event.id, THIRD, "test", starts=local("2026-03-31 14:00"))

    new = events.change_following(event.id, SECOND, events.following_draft(event, SECOND), "test")

    assert [f"{each.starts_at:%m-%d %H:%M}" for each in rows(state="planned", event_id=new.id)] == [
        "03-23 09:00",
        "03-31 12:00",
    ]


def test_an_all_day_date_is_moved_by_its_days(app: Flask) -> None:
    event = create(starts=local("2026-03-16 00:00"), all_day=True, rrule="FREQ=WEEKLY;COUNT=2")

    events.change_occurrence(event.id, "2026-03-23T00:00:00", "test", starts=local("2026-03-24 12:00"))

    assert [(each.starts_at, each.ends_at) for each in rows(state="planned")][1] == (
        utc("2026-03-23 23:00"),
        utc("2026-03-24 23:00"),
    )


@pytest.mark.parametrize("original", ["2026-03-17T10:00:00", "soon", "2026-03-16T10:00:00+01:00"])
def test_a_date_that_is_not_in_the_series_is_refused(app: Flask, original: str) -> None:
    event = weekly()

    with pytest.raises(Invalid) as refused:
        events.cancel_occurrence(event.id, original, "test")

    assert refused.value.facts["field"] == "original"


def test_an_event_that_takes_place_once_has_no_dates_to_change(app: Flask) -> None:
    with pytest.raises(Conflict, match="Change the event itself"):
        events.cancel_occurrence(create().id, FIRST, "test")


def test_a_date_cannot_end_before_it_starts(app: Flask) -> None:
    event = weekly()

    with pytest.raises(Invalid, match="before the start"):
        events.change_occurrence(
            event.id, SECOND, "test", starts=local("2026-03-24 14:00"), ends=local("2026-03-24 13:00")
        )


def test_what_changed_is_in_the_audit_log(app: Flask) -> None:
    from edupulse.accounts.audit import entries_of

    event = weekly()
    events.change_occurrence(event.id, SECOND, "head@school.example", starts=local("2026-03-24 14:00"))

    newest = entries_of(f"event:{event.id}")[0]
    assert (newest.actor, newest.action, newest.detail["changed"]) == (
        "head@school.example",
        "occurrence.change",
        ["time"],
    )
