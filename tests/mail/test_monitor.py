"""What the doors ask about mail: is the way out free, what needs a person, what came of today's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask

from edupulse.errors import NotFound
from edupulse.mail.models import Sender
from edupulse.mail.monitor import attention, counts_since, delivery, sender_service, sent_per_hour
from edupulse.mail.senders import sender_id
from edupulse.transaction import transaction
from tests.rows import a_delivery


@pytest.fixture
def server(change_settings: Callable[..., None]) -> None:
    change_settings(smtp_server="smtp.school.example")


def pause(**values: object) -> None:
    with transaction() as session:
        sender = session.get_one(Sender, sender_id())
        for name, value in values.items():
            setattr(sender, name, value)


def test_without_a_mail_server_mail_waits(app: Flask, now: datetime) -> None:
    found = sender_service()

    assert (found.state, "SMTP_SERVER" in found.cure) == ("down", True)


@pytest.mark.usefixtures("server")
def test_a_pause_that_needs_a_person_is_down_with_its_cure(app: Flask, now: datetime) -> None:
    pause(paused_at=now, pause_reason="The login was refused.", pause_cure="Make an app password.")

    found = sender_service()

    assert (found.state, found.summary, found.cure, found.since) == (
        "down",
        "The login was refused.",
        "Make an app password.",
        now,
    )
    assert attention(now).counts["paused"] == 1


@pytest.mark.usefixtures("server")
def test_a_pause_that_ends_by_itself_needs_nobody(app: Flask, now: datetime) -> None:
    until = now + timedelta(minutes=5)
    pause(paused_at=now, resume_at=until, pause_reason="The server is busy.")

    found = sender_service()

    assert (found.state, found.until) == ("degraded", until)
    assert attention(now).counts["paused"] == 0


@pytest.mark.usefixtures("server")
def test_the_last_try_shows_that_it_works(app: Flask, now: datetime) -> None:
    assert "nothing was sent yet" in sender_service().summary
    a_delivery("sent")

    assert (sender_service().state, sender_service().since) == ("up", now)


def test_attention_goes_to_what_only_a_person_can_decide(app: Flask, now: datetime) -> None:
    week = timedelta(days=7, seconds=1)
    (
        a_delivery("unknown", accepted_at=now - 2 * week),
        a_delivery("rejected"),
        a_delivery("rejected", accepted_at=now - week),
    )
    a_delivery("deferred", due_at=now - timedelta(minutes=2)), a_delivery("queued"), a_delivery("sent")

    found = attention(now)

    assert found.counts == {"unknown": 1, "rejected": 1, "late": 1, "paused": 0}
    assert found.total == 2
    assert [mail.state for mail in (*found.unknown, *found.rejected, *found.late)] == [
        "unknown",
        "rejected",
        "deferred",
    ]


def test_more_than_fits_is_counted_and_the_newest_are_shown(app: Flask, now: datetime) -> None:
    made = [a_delivery("unknown").id for _ in range(7)]

    found = attention(now, limit=3)

    assert (found.counts["unknown"], [mail.id for mail in found.unknown]) == (7, made[:-4:-1])


def test_the_states_of_today_sum_to_what_was_accepted(app: Flask, now: datetime) -> None:
    for state in ("sent", "sent", "rejected", "queued"):
        a_delivery(state)
    a_delivery("sent", accepted_at=now - timedelta(days=1))

    assert counts_since(now - timedelta(hours=9)) == {"queued": 1, "sent": 2, "rejected": 1}


def test_the_hours_end_with_the_present_one(app: Flask, now: datetime) -> None:
    a_delivery("sent"), a_delivery("unknown"), a_delivery("sent", accepted_at=now - timedelta(hours=23))
    a_delivery("sent", accepted_at=now - timedelta(hours=24))

    hours = sent_per_hour(now)

    assert [(hour.sent, hour.refused) for hour in hours] == [(1, 0), *[(0, 0)] * 22, (1, 1)]
    assert (hours[0].starts, hours[-1].starts) == (now - timedelta(hours=23), now)


def test_an_unknown_delivery_is_not_found(sqlite_app: Flask) -> None:
    with pytest.raises(NotFound):
        delivery(4711)
