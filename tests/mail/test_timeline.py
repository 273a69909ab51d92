"""One person over everything: each mail, each try, what is stopped, and what happens next."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import insert, update

from edupulse import clock
from edupulse.campaigns import lifecycle
from edupulse.database import db
from edupulse.errors import Invalid
from edupulse.mail import senders, suppressions
from edupulse.mail.models import Attempt, Delivery
from edupulse.mail.timeline import Entry, timeline
from tests.campaigns.scenes import ADA, READY, ChangeSettings, mail_to, put, under_way
from tests.mail.line import post_to

ANN = "ann@example.org"


@pytest.fixture(autouse=True)
def ready(sqlite_app: Flask, change_settings: ChangeSettings, now: datetime) -> None:
    change_settings(**READY)


def entries(address: str = ANN) -> list[Entry]:
    db.session.commit()
    return timeline(address).entries.items


def put_mail(delivery_id: int, **values: object) -> None:
    db.session.execute(update(Delivery).where(Delivery.id == delivery_id).values(**values))
    db.session.commit()


def test_every_mail_is_told_newest_first_by_the_name_people_know_it(now: datetime) -> None:
    with clock.frozen(now - timedelta(days=1)):
        post_to("p1@school.example")
    under_way(2, name="Summer courses")

    found = timeline("p1@school.example")

    assert [(each.kind, each.title) for each in found.entries.items] == [
        ("newsletter", "Summer courses"), ("reminder", "Lesson at nine"),
    ]  # fmt: skip
    assert found.counts == {"queued": 2}


def test_a_person_is_found_however_the_address_was_written() -> None:
    post_to("Ann@example.org", occurrence="one")
    post_to("ANN@EXAMPLE.ORG", occurrence="two")
    post_to("anna@example.org", occurrence="three")

    assert len(entries("aNN@example.org")) == 2


def test_each_try_is_told_with_worker_answer_and_duration(now: datetime) -> None:
    mail = post_to(ANN)
    tries = [
        {"at": now, "ms": 12, "phase": "rcpt", "verdict": "recipient_temporary", "cause": "greylist",
         "code": 450, "enhanced": "4.7.1", "text": "Try again later"},
        {"at": now + timedelta(minutes=5), "ms": 34, "phase": "accepted", "verdict": "sent", "cause": "accepted",
         "code": 250, "enhanced": "2.0.0", "text": "Ok"},
    ]  # fmt: skip
    db.session.execute(
        insert(Attempt), [{**each, "delivery_id": mail, "server": "mx:25", "worker": "w1"} for each in tries]
    )

    told = entries()[0].attempts

    assert [(each.code, each.text, each.ms, each.worker) for each in told] == [
        (450, "Try again later", 12, "w1"), (250, "Ok", 34, "w1"),
    ]  # fmt: skip


def test_what_is_stopped_is_told_with_reason_source_and_date(now: datetime) -> None:
    suppressions.suppress(ANN, reason="No such mailbox.", source="delivery:7")

    (stopped,) = timeline("Ann@Example.org").suppressions

    assert (stopped.scope, stopped.reason, stopped.source, stopped.created_at) == (
        "all", "No such mailbox.", "delivery:7", now,
    )  # fmt: skip


def test_an_address_without_any_mail_has_an_empty_timeline() -> None:
    assert (entries(), timeline(ANN).counts) == ([], {})


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(Invalid):
        timeline("ann")


def test_a_long_story_is_told_page_by_page(now: datetime) -> None:
    for number in range(5):
        with clock.frozen(now + timedelta(minutes=number)):
            post_to(ANN, occurrence=str(number))

    first = timeline(ANN, size=2).entries
    second = timeline(ANN, first.next or "", size=2).entries

    ages = [each.accepted_at for each in (*first.items, *second.items)]
    assert ages == [now + timedelta(minutes=number) for number in (4, 3, 2, 1)]


def test_a_mail_that_waits_for_its_next_try_says_when(now: datetime, change_settings: ChangeSettings) -> None:
    change_settings(timezone="Asia/Shanghai")
    put_mail(
        post_to(ANN), state="deferred", attempts_made=1, next_attempt_at=now + timedelta(minutes=10),
        expires_at=now + timedelta(hours=1),
    )  # fmt: skip

    assert entries()[0].next == "It is tried again at 2026-03-12 17:10. It is given up at 2026-03-12 18:00."


def test_a_mail_that_waits_for_the_account_says_why() -> None:
    post_to(ANN)
    senders.pause(cause="password", reason="The password was refused.", cure="")

    assert entries()[0].next.endswith("the mail account is paused: The password was refused.")


def test_a_mail_of_a_paused_campaign_says_who_waits_for_whom() -> None:
    campaign = under_way(1)
    lifecycle.pause(campaign.id, actor=ADA, reason="A typing error.")

    assert entries("p0@school.example")[0].next.endswith("its campaign is paused: A typing error.")


def test_an_unknown_mail_is_left_to_a_person_or_sent_again_as_its_campaign_says() -> None:
    never, always = under_way(1), under_way(2, resend_unknown=True)
    put(never, 0, state="unknown")
    put(always, 1, state="unknown")

    assert "Ask the person" in entries("p0@school.example")[1].next
    assert "sent once more by itself" in entries("p1@school.example")[0].next
    assert mail_to(never, 0).state == "unknown"
