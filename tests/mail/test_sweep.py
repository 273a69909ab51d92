"""The net: what was left lying is settled, what waits is handed over, what is late ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from socket import gethostname
from typing import Any

from flask import Flask
from redis import Redis
from sqlalchemy import select, update

from edupulse import clock
from edupulse.control.models import JobRun
from edupulse.control.timetable import ENTRIES
from edupulse.database import db
from edupulse.mail import claims, deliver, journal, senders
from edupulse.mail.journal import Journal
from edupulse.mail.models import Delivery
from edupulse.mail.sweep import sweep
from tests.doubles.smtp_double import SmtpDouble
from tests.doubles.smtp_script import on, reply
from tests.mail.line import post, post_to, row, states, through

ChangeSettings = Callable[..., None]


def put(id: int, **values: Any) -> None:
    """Write values into a delivery's row."""
    db.session.execute(update(Delivery).where(Delivery.id == id).values(**values))
    db.session.commit()


def end_all_jobs() -> None:
    """Let every job that was asked for be over."""
    db.session.execute(update(JobRun).values(state="finished"))
    db.session.commit()


def open_jobs() -> list[list[int]]:
    """Return the ids in each job that still waits."""
    db.session.commit()
    runs = select(JobRun.arguments).where(JobRun.name == "mail.deliver", JobRun.state == "queued")
    return [arguments["delivery_ids"] for arguments in db.session.scalars(runs)]


def test_a_quiet_line_needs_nothing(app: Flask, now: datetime) -> None:
    assert set(sweep(now).values()) == {0}


def test_what_waited_long_enough_is_queued_and_handed_over(
    app: Flask, change_settings: ChangeSettings, now: datetime
) -> None:
    change_settings(smtp_server="mail.example.org")
    due, early = post(2)
    put(due, state="deferred", next_attempt_at=now)
    put(early, state="deferred", next_attempt_at=now + timedelta(seconds=1))
    end_all_jobs()

    swept = sweep(now)

    assert swept["released"] == 1
    assert (row(due).state, row(early).state) == ("queued", "deferred")
    assert open_jobs() == [[due]]


def test_the_next_one_that_waits_arms_a_wake_up(
    app: Flask, change_settings: ChangeSettings, now: datetime, redis: Redis
) -> None:
    change_settings(smtp_server="mail.example.org")
    put(post_to("ann@example.org"), state="deferred", next_attempt_at=now + timedelta(seconds=61))

    sweep(now)

    assert redis.zrange(ENTRIES, 0, -1, withscores=True) == [
        (f"wake-mail-sweep-{int(now.timestamp() + 65) * 1000}".encode(), now.timestamp() + 65)
    ]


def test_a_mail_that_no_job_holds_is_handed_over_and_one_that_waits_in_a_job_is_not(
    app: Flask, change_settings: ChangeSettings, now: datetime
) -> None:
    change_settings(smtp_server="mail.example.org")
    forgotten = post_to("ann@example.org")
    end_all_jobs()
    in_hands = post_to("bob@example.org")

    swept = sweep(now)

    assert swept["handed_over"] == 1
    assert sorted(open_jobs()) == [[forgotten], [in_hands]]


def test_what_is_late_ends_and_keeps_the_servers_last_words(app: Flask, now: datetime) -> None:
    waiting, deferred, sent = post(3, expires_at=now)
    put(deferred, state="deferred", reason="The recipient's mailbox is full.")
    put(sent, state="sent")

    swept = sweep(now)

    assert swept["expired"] == 2
    assert states() == {"cancelled": 2, "sent": 1}
    assert row(waiting).reason == claims.EXPIRED
    assert row(deferred).reason == f"{claims.EXPIRED} Before that: The recipient's mailbox is full."


def test_while_the_account_is_paused_nothing_is_handed_over(
    app: Flask, change_settings: ChangeSettings, now: datetime
) -> None:
    change_settings(smtp_server="mail.example.org")
    put(post_to("ann@example.org"), state="deferred", next_attempt_at=now)
    post_to("bob@example.org")
    end_all_jobs()
    senders.pause(cause="password", reason="refused", cure="change it")

    swept = sweep(now)

    assert (swept["released"], swept["handed_over"]) == (0, 0)
    assert open_jobs() == []


def test_a_dead_workers_mails_are_settled_and_handed_over_in_one_go(
    app: Flask, change_settings: ChangeSettings, now: datetime
) -> None:
    change_settings(smtp_server="mail.example.org")
    unsent, doubtful = post(2)
    held = {
        "state": "sending",
        "claimed_by": f"{gethostname()}-dead-1",
        "claimed_at": now - timedelta(minutes=1),
    }
    put(unsent, claim="a", **held)
    put(doubtful, claim="a", **held)
    lines = Journal(journal._folder() / "host-dead-4000000-1")
    lines.begin("a")
    lines.dot(doubtful)
    lines.leave()
    end_all_jobs()

    swept = sweep(now)

    assert (swept["given_back"], swept["unknown"], swept["handed_over"]) == (1, 1, 1)
    assert open_jobs() == [[unsent]]
    assert row(doubtful).state == "unknown"


def test_a_greylisted_mail_gets_through_by_sweeps_alone(app: Flask, change_settings: ChangeSettings) -> None:
    id = post_to("ann@example.org")
    twice = on("rcpt", reply("450 4.7.1 greylisted, come back"), times=2)

    with through(SmtpDouble(twice), change_settings) as double:
        moment = clock.now()
        for _ in range(3):
            with clock.frozen(moment):
                sweep(moment)
                deliver.deliver([id])
            moment = max(moment, row(id).next_attempt_at) + timedelta(seconds=1)

    assert row(id).state == "sent"
    assert len(double.accepted) == 1
