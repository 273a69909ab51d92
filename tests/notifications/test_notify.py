"""Who is told of what, and that nobody is told twice."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from edupulse import clock
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.errors import Conflict, Denied, Invalid, NotFound
from edupulse.notifications import reading
from edupulse.notifications.floods import AT_MOST
from edupulse.notifications.kinds import KINDS
from edupulse.notifications.models import Notification
from edupulse.notifications.notify import tell, tell_role
from edupulse.notifications.preferences import preferences, set_preference
from edupulse.notifications.speech import language
from edupulse.transaction import transaction
from tests.notifications.conftest import a_user

FACTS = {"name": "mail.deliver", "error": "The disk is full."}


def told(email: str = "") -> list[Notification]:
    query = select(Notification).order_by(Notification.id)
    return [each for each in db.session.scalars(query) if not email or each.user.email == email]


def mail_jobs() -> int:
    return (
        db.session.scalar(
            select(func.count(JobRun.id)).where(JobRun.name == "notifications.send_notification_email")
        )
        or 0
    )


def test_everybody_with_at_least_the_role_is_told_once(app: Flask) -> None:
    for role in ("viewer", "operator", "admin"):
        a_user(role)
    a_user("admin", "gone@school.example", active=False)

    counts = [tell_role("operator", "job_failed", "job_failed:a:1", FACTS, link="/jobs/7") for _ in range(2)]

    assert counts == [2, 0]
    assert [each.user.email for each in told()] == ["operator@school.example", "admin@school.example"]


def test_what_is_told_stands_or_falls_with_what_it_tells_of(app: Flask) -> None:
    a_user()

    with pytest.raises(Conflict), transaction():
        tell_role("operator", "backup_failed", "key", FACTS)
        raise Conflict("The thing did not happen.")

    assert told() == []


def test_nobody_is_told_of_what_is_beyond_their_role_though_they_are_named(sqlite_app: Flask) -> None:
    viewer, admin = a_user("viewer"), a_user("admin")

    count = tell([viewer.id, admin.id], "backup_failed", "key", {"error": "No room."})

    assert count == 1
    assert told("viewer@school.example") == []


def test_a_kind_that_does_not_exist_is_refused_before_anything_is_written(sqlite_app: Flask) -> None:
    with pytest.raises(Invalid, match="no notification"):
        tell_role("admin", "moon_landing", "key", {})


def test_each_wish_is_obeyed(sqlite_app: Flask, now: datetime) -> None:
    wishes = {"both": (True, True), "bell": (True, False), "mail": (False, True), "none": (False, False)}
    for name, (in_site, by_mail) in wishes.items():
        person = a_user("operator", f"{name}@school.example")
        set_preference(person, "job_failed", in_site=in_site, by_mail=by_mail, actor="test")

    tell_role("operator", "job_failed", "key", FACTS)

    assert {each.user.email.split("@")[0]: (each.read_at is None, each.mail) for each in told()} == {
        "both": (True, "waiting"),
        "bell": (True, "none"),
        "mail": (False, "waiting"),
    }
    assert mail_jobs() == 2


def test_a_preference_is_kept_changed_in_part_and_shown_with_those_that_were_never_set(
    sqlite_app: Flask,
) -> None:
    person = a_user()

    set_preference(person, "bills_overdue", by_mail=True, actor="test")
    set_preference(person, "bills_overdue", in_site=False, actor="test")

    shown = {each.kind.key: (each.in_site, each.by_mail) for each in preferences(person)}
    assert shown["bills_overdue"] == (False, True)
    assert shown["job_failed"] == (True, False)
    assert "backup_failed" not in shown


def test_nobody_prefers_what_they_cannot_be_told(sqlite_app: Flask) -> None:
    with pytest.raises(Denied):
        set_preference(a_user("viewer"), "backup_failed", by_mail=True, actor="test")


def test_a_person_reads_only_their_own(sqlite_app: Flask, now: datetime) -> None:
    ada, bob = a_user("operator", "ada@school.example"), a_user("operator", "bob@school.example")
    for number in range(3):
        tell_role("operator", "job_failed", f"key {number}", FACTS)
    of_bob = told("bob@school.example")[0]

    with pytest.raises(NotFound):
        reading.read(ada, of_bob.id)
    reading.read(bob, of_bob.id)

    assert [reading.unread_count(person) for person in (ada, bob)] == [3, 2]
    assert reading.read_all(ada) == 3
    assert [len(reading.listing(person, unread_only=True).items) for person in (ada, bob)] == [0, 2]


def test_reading_again_does_not_move_the_hour_at_which_it_was_read(sqlite_app: Flask, now: datetime) -> None:
    person = a_user()
    tell_role("operator", "job_failed", "key", FACTS)
    first = reading.read(person, told()[0].id).read_at

    with_a_clock_later = reading.read(person, told()[0].id)

    assert first == now
    assert with_a_clock_later.read_at == first
    assert with_a_clock_later.created_at >= now - timedelta(seconds=1)


def test_what_one_was_told_in_a_greater_role_is_not_read_in_a_smaller_one(sqlite_app: Flask) -> None:
    person = a_user("admin")
    tell_role("admin", "backup_failed", "secret", {"error": "No room on /srv."})
    with transaction():
        person.role = "viewer"

    assert (reading.unread_count(person), reading.listing(person).items) == (0, [])
    with pytest.raises(NotFound):
        reading.read(person, told()[0].id)


def test_a_flood_of_one_kind_calls_a_person_once_for_what_is_beyond_the_bound(
    app: Flask, now: datetime
) -> None:
    person = a_user()
    set_preference(person, "job_failed", by_mail=True, actor="test")

    with clock.frozen(now):
        counts = [
            tell_role("operator", "job_failed", f"key {number}", FACTS) for number in range(AT_MOST + 20)
        ]
        again = tell_role("operator", "job_failed", f"key {AT_MOST + 5}", FACTS)
        tell_role("operator", "bills_overdue", "other", {"count": 2})
    with clock.frozen(now + timedelta(hours=2)):
        tell_role("operator", "job_failed", "later", FACTS)

    unread = [each for each in told() if each.read_at is None]
    (summary,) = (each for each in unread if each.key.startswith("job_failed:many:"))
    assert (sum(counts), again) == (AT_MOST + 20, 0)
    assert len(unread) == AT_MOST + 3
    assert sum(each.mail == "waiting" for each in told()) == mail_jobs() == AT_MOST + 2
    assert (summary.facts, summary.link) == ({"summed_up": AT_MOST}, "/jobs?state=failed")


def test_what_sums_up_a_flood_says_so() -> None:
    headline, text = KINDS["job_failed"].said(language("en"), {"summed_up": 10})

    assert headline == "Many within an hour: A job failed"
    assert text.startswith("You were told of 10 one by one.")


def test_the_words_of_others_end_before_ours_begin() -> None:
    said = [
        KINDS["backup_failed"].said(language("en"), {"error": error})[1] for error in ("No room", "", None)
    ]

    assert [words[:14] for words in said] == ["No room. Until", "Until the next", "Until the next"]
