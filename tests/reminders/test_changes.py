"""An event changes: before its reminders were sent, after they were, and while their mails are on the way."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from edupulse import clock
from edupulse.reminders.events import AttendeeDraft, cancel_event, restore_event
from edupulse.reminders.models import Event
from tests.reminders.scenes import ANNA, LI, arrive, becomes, change, check, create, local, mails, rows, utc

DUE = utc("2026-03-16 08:45")
LATER = utc("2026-03-16 08:50")
ELEVEN = local("2026-03-16 11:00")


def cancel(event: Event) -> None:
    with clock.frozen(LATER):
        cancel_event(event.id, "test")


def restore(event: Event) -> None:
    with clock.frozen(LATER):
        restore_event(event.id, "test")


def told(**people: object) -> Event:
    """An event whose reminder has arrived."""
    event = create(**people)
    check(DUE)
    arrive(DUE)
    return event


def subjects(kind: str) -> list[tuple[str, str]]:
    return [(mail.address.split("@")[0], mail.subject) for mail in mails(kind) if mail.state != "cancelled"]


def test_a_moved_event_tells_those_who_were_told_once_with_old_and_new_time(app: Flask) -> None:
    event = told()

    change(event, LATER, starts=ELEVEN)
    check(LATER)

    assert subjects("correction") == [("anna", "New time: Oil painting (Mon 16 Mar, 11:00)")]
    (mail,) = mails("correction")
    assert "When: Monday, 16 March 2026, 11:00–12:00" in mail.content.text
    assert "Time before: Monday, 16 March 2026, 10:00–11:00" in mail.content.text
    check(LATER)
    assert len(mails("correction")) == 1


def test_the_reminder_of_the_new_time_follows_in_its_time(app: Flask) -> None:
    event = told()
    change(event, LATER, starts=ELEVEN)

    check(utc("2026-03-16 09:45"))

    assert [mail.due_at for mail in mails("reminder")] == [DUE, utc("2026-03-16 09:45")]


def test_who_was_not_told_gets_no_correction(app: Flask) -> None:
    event = create(attendees=(ANNA, LI))
    check(DUE)
    becomes(mails()[:1], "sent", DUE)
    becomes(mails()[1:], "rejected", DUE, said="550 5.1.1 no such user")

    change(event, LATER, starts=ELEVEN)
    check(LATER)

    assert [who for who, _ in subjects("correction")] == ["anna"]


def test_who_may_have_been_told_is_corrected_as_well(app: Flask) -> None:
    event = create()
    check(DUE)
    becomes(mails(), "unknown", DUE)

    change(event, LATER, starts=ELEVEN)
    check(LATER)

    assert len(subjects("correction")) == 1


def test_a_reminder_that_has_not_left_is_taken_back_and_replaced_not_corrected(app: Flask) -> None:
    event = create()
    check(DUE)

    change(event, LATER, starts=ELEVEN)
    check(utc("2026-03-16 09:45"))

    assert [(mail.kind, mail.state, mail.due_at) for mail in mails()] == [
        ("reminder", "cancelled", DUE),
        ("reminder", "queued", utc("2026-03-16 09:45")),
    ]


def test_another_place_before_the_mail_left_replaces_it_at_once(app: Flask) -> None:
    event = create()
    check(DUE)

    change(event, LATER, location="Great hall")
    check(LATER)

    assert [(mail.kind, mail.state) for mail in mails()] == [
        ("reminder", "cancelled"),
        ("reminder", "queued"),
    ]
    assert "Where: Great hall" in mails()[1].content.text
    (reminder,) = rows()
    assert (reminder.state, reminder.replaced, reminder.delivery_id) == ("handed_over", 1, mails()[1].id)


def test_another_place_after_it_was_told_is_corrected(app: Flask) -> None:
    event = told()

    change(event, LATER, location="Great hall")
    check(LATER)

    assert subjects("correction") == [("anna", "New place: Oil painting (Mon 16 Mar, 10:00)")]
    text = mails("correction")[0].content.text
    assert "Where: Great hall" in text
    assert "Place before: Studio 2" in text
    assert "Time before" not in text


def test_another_title_or_text_tells_nobody(app: Flask) -> None:
    event = told()

    change(event, LATER, title="Watercolour", description="Bring brushes.", leads=(15, 5))
    check(LATER)

    assert len(mails()) == 1


def test_a_move_into_the_window_sends_at_once(app: Flask) -> None:
    event = create(starts=local("2026-03-20 10:00"))

    change(event, LATER, starts=local("2026-03-16 10:00"))

    assert check(LATER)["handed_over"] == 1


def test_a_move_into_the_past_reminds_nobody(app: Flask) -> None:
    event = create()

    change(event, LATER, starts=local("2026-03-15 10:00"))

    assert check(LATER)["due"] == 0
    assert [(each.state, each.reason) for each in rows()] == [("cancelled", "moved")]


def test_who_was_told_learns_also_of_a_move_into_the_past(app: Flask) -> None:
    event = told()

    change(event, LATER, starts=local("2026-03-15 10:00"))
    check(LATER)

    assert subjects("correction") == [("anna", "New time: Oil painting (Sun 15 Mar, 10:00)")]


def test_a_correction_that_says_it_all_leaves_no_room_for_a_reminder_beside_it(app: Flask) -> None:
    event = told()

    change(event, LATER, starts=local("2026-03-16 10:05"))
    check(LATER)

    assert [mail.kind for mail in mails()] == ["reminder", "correction"]
    assert [(each.state, each.reason) for each in rows(lead_minutes=15)] == [
        ("handed_over", "moved"),
        ("skipped", "told"),
    ]


def test_two_changes_in_a_row_are_told_as_one(app: Flask) -> None:
    event = told()

    change(event, LATER, starts=ELEVEN)
    change(event, LATER, starts=local("2026-03-16 12:00"))
    check(LATER)

    assert subjects("correction") == [("anna", "New time: Oil painting (Mon 16 Mar, 12:00)")]
    assert "Time before: Monday, 16 March 2026, 10:00" in mails("correction")[0].content.text


def test_a_change_that_is_undone_before_it_was_told_is_never_told(app: Flask) -> None:
    event = told()

    change(event, LATER, starts=ELEVEN)
    change(event, LATER, starts=local("2026-03-16 10:00"))
    check(LATER)

    assert len(mails()) == 1
    assert [each.state for each in rows(kind="correction")] == ["cancelled"]


def test_a_correction_that_has_not_left_is_replaced_by_the_next(app: Flask) -> None:
    event = told()
    change(event, LATER, starts=ELEVEN)
    check(LATER)

    change(event, LATER, starts=local("2026-03-16 12:00"))
    check(LATER)

    assert [mail.state for mail in mails("correction")] == ["cancelled", "queued"]
    assert "Time before: Monday, 16 March 2026, 10:00" in mails("correction")[1].content.text


def test_each_change_that_was_told_is_followed_by_its_own_correction(app: Flask) -> None:
    event = told()
    for hour in (11, 12):
        change(event, LATER, starts=local(f"2026-03-16 {hour}:00"))
        check(LATER)
        arrive(LATER)

    assert [subject for _, subject in subjects("correction")] == [
        "New time: Oil painting (Mon 16 Mar, 11:00)",
        "New time: Oil painting (Mon 16 Mar, 12:00)",
    ]
    assert "Time before: Monday, 16 March 2026, 11:00" in mails("correction")[1].content.text


def test_a_refused_correction_is_not_repeated_by_a_new_title(app: Flask) -> None:
    event = told()
    change(event, LATER, starts=ELEVEN)
    check(LATER)
    becomes(mails("correction"), "rejected", LATER, said="550 5.7.1 no")

    change(event, LATER, title="Watercolour")
    check(LATER)

    assert len(mails("correction")) == 1


def test_a_cancelled_event_tells_exactly_those_who_were_told(app: Flask) -> None:
    event = create(attendees=(ANNA, LI))
    check(DUE)
    becomes([mail for mail in mails() if "anna" in mail.address], "sent", DUE)

    cancel(event)
    check(LATER)

    assert [(mail.address, mail.kind, mail.state) for mail in mails()] == [
        ("anna@school.example", "reminder", "sent"),
        ("li@school.example", "reminder", "cancelled"),
        ("anna@school.example", "cancellation", "queued"),
    ]
    assert mails("cancellation")[0].subject == "Cancelled: Oil painting (Mon 16 Mar, 10:00)"


def test_a_cancellation_is_told_once(app: Flask) -> None:
    event = told()
    cancel(event)
    check(LATER)
    arrive(LATER)

    change(event, LATER, title="Watercolour", location="Great hall")
    check(LATER)

    assert len(mails("cancellation")) == 1
    assert len(mails()) == 2


def test_a_restored_event_tells_those_who_were_told_otherwise(app: Flask) -> None:
    event = told()
    cancel(event)
    check(LATER)
    arrive(LATER)

    restore(event)
    check(LATER)

    assert subjects("correction") == [("anna", "Takes place after all: Oil painting (Mon 16 Mar, 10:00)")]


def test_restoring_before_anybody_was_told_says_nothing(app: Flask) -> None:
    event = told()
    cancel(event)
    check(LATER)

    restore(event)
    check(LATER)

    assert [(mail.kind, mail.state) for mail in mails()] == [
        ("reminder", "sent"),
        ("cancellation", "cancelled"),
    ]


def test_a_cancelled_and_restored_event_still_reminds_those_who_were_not_told(app: Flask) -> None:
    event = create()
    cancel(event)
    restore(event)

    check(LATER)

    assert [mail.kind for mail in mails()] == ["reminder"]


def test_who_leaves_the_list_after_being_told_is_told_that_too(app: Flask) -> None:
    event = told(attendees=(ANNA, LI))

    change(event, LATER, attendees=(ANNA,))
    check(LATER)

    (mail,) = mails("cancellation")
    assert (mail.address, mail.locale) == ("li@school.example", "zh")
    assert "您已不在这项活动的参加人员名单中" in mail.content.text


def test_who_leaves_before_being_told_hears_nothing(app: Flask) -> None:
    event = create(attendees=(ANNA, LI))
    check(DUE)

    change(event, LATER, attendees=(ANNA,))
    check(LATER)

    assert [(mail.address, mail.state) for mail in mails()] == [
        ("anna@school.example", "queued"),
        ("li@school.example", "cancelled"),
    ]


def test_who_comes_back_is_told_that_it_counts_after_all(app: Flask) -> None:
    event = told(attendees=(ANNA, LI))
    change(event, LATER, attendees=(ANNA,))
    check(LATER)
    arrive(LATER)

    change(event, LATER, attendees=(ANNA, LI))
    check(LATER)

    assert [who for who, _ in subjects("correction")] == ["li"]
    assert len(mails("reminder")) == 2


@pytest.mark.parametrize("person", [replace(ANNA, status="declined"), replace(ANNA, wants_mail=False)])
def test_who_declined_since_is_left_in_peace(app: Flask, person: AttendeeDraft) -> None:
    event = told()
    change(event, LATER, attendees=(person,))

    change(event, LATER, starts=ELEVEN)
    check(LATER)

    assert mails("correction") == []


def test_turning_reminders_off_takes_back_what_has_not_left_and_still_corrects(app: Flask) -> None:
    event = create(attendees=(ANNA, LI))
    check(DUE)
    becomes([mail for mail in mails() if "anna" in mail.address], "sent", DUE)

    change(event, LATER, email_reminder=False)
    change(event, LATER, starts=ELEVEN)
    check(LATER)

    assert [(mail.address.split("@")[0], mail.kind, mail.state) for mail in mails()] == [
        ("anna", "reminder", "sent"),
        ("li", "reminder", "cancelled"),
        ("anna", "correction", "queued"),
    ]


def test_what_is_over_is_history_and_corrects_nobody(app: Flask) -> None:
    event = told()
    tomorrow = utc("2026-03-17 09:00")

    change(event, tomorrow, starts=local("2026-03-20 10:00"))
    check(tomorrow)

    assert len(mails()) == 1


def test_another_zone_is_another_time(app: Flask) -> None:
    event = told()

    change(event, LATER, timezone="Europe/London")
    check(LATER)

    assert [who for who, _ in subjects("correction")] == ["anna"]
    assert "11:00–12:00, Berlin" not in mails("correction")[0].content.text
    assert "10:00–11:00, London time (UTC)" in mails("correction")[0].content.text


def test_a_correction_that_nobody_could_send_in_time_is_missed(app: Flask) -> None:
    event = told()
    change(event, LATER, starts=ELEVEN)

    assert check(utc("2026-03-16 10:10:01"))["missed"] == 2

    assert mails("correction") == []


def test_moving_far_away_and_back_after_everybody_was_told_needs_no_second_reminder(app: Flask) -> None:
    event = told()
    change(event, LATER, starts=local("2026-03-18 10:00"))
    check(LATER)
    arrive(LATER)

    change(event, LATER, starts=local("2026-03-16 10:00"))
    check(LATER)
    arrive(LATER)

    assert [mail.kind for mail in mails()] == ["reminder", "correction", "correction"]


def test_what_was_missed_stays_missed_when_the_event_changes_afterwards(app: Flask) -> None:
    event = create()

    change(event, utc("2026-03-16 09:30"), location="Great hall")

    assert check(utc("2026-03-16 09:31"))["missed"] == 1


def test_who_declines_before_the_correction_was_written_is_left_in_peace(app: Flask) -> None:
    event = told()
    change(event, LATER, starts=ELEVEN)
    change(event, LATER, attendees=(replace(ANNA, status="declined"),))

    assert check(LATER)["skipped"] == 1

    assert mails("correction") == []
