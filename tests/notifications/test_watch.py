"""Each minute: what went wrong is told once for one trouble, and told again when it happens anew."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.mail.models import Sender
from edupulse.mail.senders import sender_id
from edupulse.notifications import watch as watching
from edupulse.notifications.models import Notification
from edupulse.notifications.watch import LOST_AFTER, watch
from edupulse.transaction import transaction
from edupulse.upkeep.models import Backup
from tests.notifications.conftest import a_user
from tests.rows import a_run
from tests.web.campaign_rows import a_running, finish
from tests.web.mailbox_rows import a_mailbox

HOUR = timedelta(hours=1)


def links() -> list[str]:
    return list(db.session.scalars(select(Notification.link).order_by(Notification.id)))


def failed(name: str, cause: str, at: datetime) -> JobRun:
    return a_run(
        name,
        "failed",
        error_class="ValueError",
        error_message="No such pupil",
        error_fingerprint=cause,
        created_at=at,
        ended_at=at,
    )


def test_failures_of_one_cause_are_told_once_a_day(app: Flask, now: datetime) -> None:
    a_user()
    for name, cause in (("one", "a"), ("two", "a"), ("three", "b")):
        failed(name, cause, now)

    first, second = watch(now), watch(now + timedelta(minutes=1))
    failed("four", "a", now + timedelta(days=1))
    third = watch(now + timedelta(days=1))

    assert first == {"job_failed": 2}
    assert (second, third) == ({}, {"job_failed": 1})
    assert sorted(links()) == ["/jobs/four", "/jobs/three", "/jobs/two"]


def test_of_many_causes_all_are_told_round_by_round_with_their_newest_run(
    sqlite_app: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "AT_ONCE", 2)
    a_user()
    for name, cause, age in (("z", "a", 2), ("b", "a", 1), ("c", "b", 3), ("d", "c", 4)):
        failed(name, cause, now - timedelta(minutes=age))

    rounds = [watch(now) for _ in range(3)]

    assert rounds == [{"job_failed": 2}, {"job_failed": 1}, {}]
    assert links() == ["/jobs/b", "/jobs/c", "/jobs/d"]


def test_an_old_failure_is_no_news(sqlite_app: Flask, now: datetime) -> None:
    a_user()
    failed("old", "a", now - 2 * HOUR)

    assert watch(now) == {}


def test_a_mailbox_that_stops_again_is_told_again(sqlite_app: Flask, now: datetime) -> None:
    a_user()
    mailbox = a_mailbox(stopped_at=now, error="The password is refused.")

    told = [watch(now), watch(now)]
    with transaction():
        mailbox.stopped_at = now + HOUR
    told.append(watch(now + HOUR))

    assert [each.get("mailbox_stopped", 0) for each in told] == [1, 0, 1]
    assert links() == [f"/mailboxes/{mailbox.id}"] * 2


def test_a_pause_of_sending_that_ends_by_itself_is_no_news(sqlite_app: Flask, now: datetime) -> None:
    a_user()
    with transaction() as session:
        sender = session.get_one(Sender, sender_id())
        sender.paused_at, sender.resume_at, sender.pause_reason = now, now + HOUR, "The quota is spent."
    by_itself = watch(now)
    with transaction():
        sender.resume_at = None

    assert (by_itself, watch(now)) == ({}, {"sending_paused": 1})


def test_administrators_hear_that_no_good_backup_has_come_for_two_days(
    sqlite_app: Flask, now: datetime
) -> None:
    a_user("operator")
    a_user("admin")
    with transaction() as session:
        for state, age in (("verified", timedelta(days=2)), ("failed", HOUR)):
            session.add(
                Backup(
                    name=state,
                    host="here",
                    state=state,
                    actor="clock",
                    started_at=now - age,
                    verified_at=now - age if state == "verified" else None,
                )
            )

    told = [watch(now - HOUR), watch(now), watch(now + HOUR), watch(now + timedelta(days=7))]

    assert [each.get("backup_old", 0) for each in told] == [0, 1, 0, 1]


def test_an_installation_of_today_needs_no_backup_yet(sqlite_app: Flask, now: datetime) -> None:
    a_user("admin")

    assert watch(now + HOUR) == {}
    assert watch(now + timedelta(days=3))["backup_old"] == 1


def test_a_mail_whose_job_is_lost_is_asked_for_again(sqlite_app: Flask, now: datetime) -> None:
    a_user("admin")
    watch(now + timedelta(days=3))
    with transaction() as session:
        waiting = session.scalars(select(Notification)).one()
        waiting.created_at = now
        for run in session.scalars(select(JobRun)):
            session.delete(run)

    assert watch(now + LOST_AFTER) == {}
    assert watch(now + LOST_AFTER + timedelta(seconds=1))["mails"] == 1
    assert db.session.scalars(select(JobRun.name)).all() == ["notifications.send_notification_email"]


def test_the_end_of_a_campaign_is_told_once(sqlite_app: Flask) -> None:
    a_user()
    campaign = a_running({"sent": 3, "rejected": 1, "bounced": 1})

    for _ in range(2):
        finish(campaign)

    (told,) = db.session.scalars(select(Notification))
    assert told.facts == {"campaign_id": campaign.id, "name": campaign.name, "sent": 3, "failed": 2}
