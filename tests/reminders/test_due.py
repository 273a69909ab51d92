from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from edupulse import clock
from edupulse.database import db
from edupulse.mail import outbox
from edupulse.mail.models import Delivery
from edupulse.mail.suppressions import suppress
from edupulse.reminders import due
from edupulse.reminders.events import AttendeeDraft, draft_of
from edupulse.reminders.models import Attendee, Event, Reminder
from edupulse.transaction import transaction
from tests.reminders.scenes import ANNA, LI, check, create, local, mails, rows, utc

DUE = utc("2026-03-16 08:45")


def test_a_reminder_is_handed_over_when_its_time_has_come(app: Flask) -> None:
    create()

    assert check(DUE - timedelta(seconds=1))["due"] == 0
    assert check(DUE) == {"due": 1, "handed_over": 1, "skipped": 0, "missed": 0, "failed": 0}

    (mail,) = mails()
    assert (mail.address, mail.kind, mail.state) == ("anna@school.example", "reminder", "queued")
    assert mail.due_at == DUE
    assert mail.expires_at == utc("2026-03-16 09:10")
    (reminder,) = rows()
    assert (reminder.state, reminder.delivery_id, reminder.location) == ("handed_over", mail.id, "Studio 2")


def test_checking_again_hands_over_nothing_again(app: Flask) -> None:
    create(attendees=(ANNA, LI))

    counts = [check(DUE + timedelta(minutes=minute))["handed_over"] for minute in range(3)]

    assert counts == [2, 0, 0]
    assert len(mails()) == 2


def test_a_late_check_still_sends_before_the_start(app: Flask) -> None:
    create()

    assert check(utc("2026-03-16 09:00"))["handed_over"] == 1
    assert mails()[0].subject == "Reminder: Oil painting (Mon 16 Mar, 10:00)"


def test_just_after_the_start_the_mail_says_that_it_has_begun(app: Flask) -> None:
    create()

    assert check(utc("2026-03-16 09:10"))["handed_over"] == 1
    assert mails()[0].subject == "Has just begun: Oil painting (Mon 16 Mar, 10:00)"
    assert "This has just begun" in mails()[0].content.text


def test_later_than_that_it_is_missed_and_says_why(app: Flask) -> None:
    create()

    assert check(utc("2026-03-16 09:10:01"))["missed"] == 1

    assert mails() == []
    assert [(each.state, each.reason) for each in rows()] == [("missed", "missed")]


def test_nothing_old_floods_out_after_a_long_time_away(app: Flask) -> None:
    create(rrule="FREQ=DAILY;COUNT=20")

    counts = check(utc("2026-03-20 08:50"))

    assert (counts["missed"], counts["handed_over"]) == (4, 1)
    assert [mail.due_at for mail in mails()] == [utc("2026-03-20 08:45")]


def test_an_all_day_event_is_late_but_useful_until_its_day_ends(app: Flask) -> None:
    create(starts=local("2026-03-16 00:00"), all_day=True)

    check(utc("2026-03-16 20:00"))

    (mail,) = mails()
    assert mail.subject == "Reminder: Oil painting (Mon 16 Mar)"
    assert mail.expires_at == utc("2026-03-16 23:00")


def test_of_several_leads_that_are_due_only_the_nearest_is_sent(app: Flask) -> None:
    create(leads=(1_440, 60, 15), at=utc("2026-03-16 08:20"))

    counts = check(utc("2026-03-16 08:20"))

    assert (counts["handed_over"], counts["skipped"]) == (1, 1)
    assert [(each.lead_minutes, each.state, each.reason) for each in rows()] == [
        (1_440, "skipped", "superseded"),
        (60, "handed_over", None),
        (15, "planned", None),
    ]


def test_each_lead_is_sent_in_its_time(app: Flask) -> None:
    create(leads=(1_440, 15))

    assert check(utc("2026-03-15 09:00"))["handed_over"] == 1
    assert check(DUE)["handed_over"] == 1
    assert len({mail.key for mail in mails()}) == 2


def test_a_lead_added_when_a_nearer_one_was_sent_is_left_out(app: Flask) -> None:
    event = create()
    check(DUE)

    with transaction() as session:
        session.add(_row_of(event, lead=1_440))
    check(utc("2026-03-16 08:50"))

    assert [(each.lead_minutes, each.state) for each in rows()] == [(1_440, "skipped"), (15, "handed_over")]


def _row_of(event: Event, *, lead: int) -> Reminder:
    return Reminder(
        event_id=event.id, address="anna@school.example", original="2026-03-16T10:00:00",
        instance="2026-03-16T10:00:00", starts_at=event.starts_at, ends_at=event.ends_at, lead_minutes=lead,
        due_at=event.starts_at - timedelta(minutes=lead), created_at=event.created_at,
    )  # fmt: skip


def test_a_suppressed_address_gets_a_row_that_says_so_and_no_mail(app: Flask) -> None:
    create()
    suppress("anna@school.example", reason="hard bounce", source="test")

    check(DUE)

    (mail,) = mails()
    assert (mail.state, mail.reason) == ("suppressed", "hard bounce")


@pytest.mark.parametrize(
    ("table", "values", "reason"),
    [
        (Event, {"state": "cancelled"}, "event_cancelled"),
        (Event, {"email_reminder": False}, "reminder_off"),
        (Attendee, {"status": "declined"}, "declined"),
        (Attendee, {"wants_mail": False}, "no_mail_wanted"),
        (Attendee, {"address": "gone"}, "removed"),
    ],
)
def test_what_changed_behind_the_plans_back_is_seen_at_the_last_moment(
    app: Flask, table: Any, values: dict[str, Any], reason: str
) -> None:
    create()
    with transaction() as session:
        session.execute(update(table).values(**values))

    assert check(DUE)["skipped"] == 1

    assert mails() == []
    assert [(each.state, each.reason) for each in rows()] == [("skipped", reason)]


def test_a_mail_that_cannot_be_composed_stands_alone_with_its_reason(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = due.compose

    def compose(reminder: Reminder, *rest: Any, **more: Any) -> Any:
        if reminder.address == "anna@school.example":
            raise KeyError("no such fact")
        return real(reminder, *rest, **more)

    monkeypatch.setattr(due, "compose", compose)
    create(attendees=(ANNA, LI))

    counts = check(DUE)

    assert (counts["failed"], counts["handed_over"]) == (1, 1)
    failed, _ = rows()
    assert (failed.state, failed.reason) == ("failed", "failed: KeyError: 'no such fact'")
    assert "no such fact" in caplog.text


def test_a_mail_that_cannot_be_stored_stands_alone_too(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    real = outbox.accept_many

    def accept_many(postings: Any) -> Any:
        if any(posting.mail.address == "anna@school.example" for posting in postings):
            raise ValueError("half a character")
        return real(postings)

    monkeypatch.setattr(outbox, "accept_many", accept_many)
    create(attendees=(ANNA, LI))

    counts = check(DUE)

    assert (counts["failed"], counts["handed_over"]) == (1, 1)
    assert [mail.address for mail in mails()] == ["li@school.example"]


def test_a_crash_while_handing_over_leaves_everything_planned(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(postings: Any) -> Any:
        raise Killed

    create(attendees=(ANNA, LI))
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(outbox, "accept_many", killed)
        check(DUE)

    assert [each.state for each in rows()] == ["planned", "planned"]
    assert check(DUE)["handed_over"] == 2


def test_more_than_a_batch_is_handed_over_batch_by_batch(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(due, "BATCH", 10)
    create(attendees=tuple(AttendeeDraft(email=f"p{number}@school.example") for number in range(35)))

    assert check(DUE)["handed_over"] == 35
    assert len({mail.address for mail in mails()}) == 35


def test_eight_checks_at_once_send_to_each_of_a_thousand_once(app: Flask) -> None:
    people = [tuple(AttendeeDraft(email=f"p{e}-{n}@school.example") for n in range(100)) for e in range(10)]
    for group in people:
        create(attendees=group)
    counts: Counter[str] = Counter()
    failures: list[BaseException] = []

    def run() -> None:
        with app.app_context():
            try:
                counts.update(due.check(DUE))
            except BaseException as error:  # noqa: BLE001 - asserted below
                failures.append(error)
            finally:
                db.session.remove()

    with clock.frozen(DUE):
        threads = [threading.Thread(target=run) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert failures == []
    assert counts["handed_over"] == 1_000
    assert db.session.scalar(select(func.count()).select_from(Delivery)) == 1_000
    assert db.session.scalar(select(func.count(func.distinct(Delivery.address)))) == 1_000


def test_two_events_at_the_same_time_remind_the_same_person_of_both(app: Flask) -> None:
    create()
    create(title="Drawing")

    assert check(DUE)["handed_over"] == 2


def test_the_draft_of_an_event_stores_the_same_event_again(app: Flask) -> None:
    event = create(attendees=(ANNA, LI), rrule="FREQ=WEEKLY")

    assert draft_of(event).attendees[1].timezone == "Asia/Shanghai"
