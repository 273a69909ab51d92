"""One person is put on the list of an event, changed there or taken off, and told when that matters."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from edupulse import clock
from edupulse.accounts.audit import entries_of
from edupulse.database import db
from edupulse.errors import Conflict, Invalid, NotFound
from edupulse.reminders.attendees import add_attendee, change_attendee, remove_attendee
from edupulse.reminders.entry import draft_of as draft_of_event
from edupulse.reminders.models import Event
from edupulse.reminders.people import AttendeeDraft, draft_of
from edupulse.reminders.saving import change_event
from tests.reminders.scenes import ANNA, LI, LONG_BEFORE, arrive, check, create, mails, rows, utc

pytestmark = pytest.mark.usefixtures("long_before")


def test_who_comes_late_is_reminded_like_the_others(app: Flask) -> None:
    event = create()

    added = add_attendee(event.id, LI, "head@school.example")

    assert (added.id, added.address, event.revision) == (event.attendees[1].id, "li@school.example", 1)
    assert [each.due_at for each in rows(address="li@school.example")] == [utc("2026-03-16 08:45")]
    assert entries_of(f"event:{event.id}")[0].detail["after"]["attendees"][0]["name"] == "李雷"


def test_who_is_on_the_list_is_not_put_on_it_again(app: Flask) -> None:
    event = create()

    with pytest.raises(Conflict, match="on the list already"):
        add_attendee(event.id, ANNA, "test")


def test_nobody_becomes_somebody_else_of_the_list(app: Flask) -> None:
    event = create(attendees=(ANNA, LI))
    anna, li = event.attendees

    with pytest.raises(Conflict, match="on the list already"):
        change_attendee(event.id, li.id, draft_of(anna), "test")


def test_people_without_an_address_may_have_one_name(app: Flask) -> None:
    event = create(attendees=())

    for _ in range(2):
        add_attendee(event.id, type(ANNA)(name="Ben"), "test")

    assert [each.name for each in event.attendees] == ["Ben", "Ben"]


def test_a_full_list_takes_nobody_more(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edupulse.reminders.attendees.MOST_ATTENDEES", 1)
    event = create()

    with pytest.raises(Conflict, match="1 attendees"):
        add_attendee(event.id, LI, "test")


def test_who_is_taken_off_the_list_after_being_reminded_hears_nothing_more(app: Flask) -> None:
    event = create(attendees=(ANNA, LI))
    check(utc("2026-03-16 08:45"))
    arrive(utc("2026-03-16 08:46"))

    with clock.frozen(utc("2026-03-16 08:50")):
        remove_attendee(event.id, event.attendees[1].id, "test")

    assert [each.name for each in event.attendees] == ["Anna"]
    assert len(mails("reminder")) == 2


def test_what_cannot_be_used_changes_nothing(app: Flask) -> None:
    event = create()

    with pytest.raises(Invalid, match="not a usable e-mail address"):
        add_attendee(event.id, type(ANNA)(email="li@@school"), "test")
    with pytest.raises(NotFound, match="no attendee 99"):
        remove_attendee(event.id, 99, "test")
    assert event.revision == 0
    assert event.created_at == LONG_BEFORE


def test_two_of_one_name_stay_two_when_the_event_is_changed(app: Flask) -> None:
    ben = AttendeeDraft(name="Ben")
    event = create(attendees=(ben, ben))
    before = [each.id for each in event.attendees]

    change_event(event.id, replace(draft_of_event(event), title="Croquis"), "test")

    db.session.expire_all()
    assert [each.id for each in db.session.get_one(Event, event.id).attendees] == before
