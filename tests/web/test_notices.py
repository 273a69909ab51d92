"""The banners: what is away, what waits because of it, since when, and what will happen."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

import fakeredis
import pytest
from flask import Flask
from sqlalchemy import select

from edupulse.control import pauses
from edupulse.control.monitor import Backlog, Service
from edupulse.database import db
from edupulse.mail import unsubscribe
from edupulse.mail.models import Delivery
from edupulse.web.notices import notices
from tests.rows import a_process, a_run
from tests.web.campaign_rows import a_running
from tests.web.conftest import Browser, words_of

NOTHING = Backlog(0, None)
UP = Service("redis", "up", "Redis answers.")


def test_while_everything_is_up_there_is_no_banner(now: datetime) -> None:
    assert notices([UP], NOTHING, now) == []


def test_work_that_waits_for_a_part_is_counted_with_the_time_it_began(now: datetime) -> None:
    workers = Service("workers", "down", "No worker is running.", "Start one.")
    since = now - timedelta(minutes=5)

    (notice,) = notices([UP, workers], Backlog(3, since), now)

    assert notice.title == "No worker is running: work waits"
    assert notice.sentence == "No worker is running. 3 jobs waiting."
    assert (notice.since, notice.cure, notice.tone) == (since, "Start one.", "bad")


def test_a_part_that_holds_up_nothing_says_since_when_it_is_away(now: datetime) -> None:
    since = now - timedelta(hours=1)

    (notice,) = notices([Service("scheduler", "down", "Silent.", since=since)], Backlog(3, now), now)

    assert (notice.sentence, notice.since) == ("Silent.", since)


def test_a_long_queue_is_said_even_when_everything_is_up(now: datetime) -> None:
    (notice,) = notices([UP], Backlog(1, now - timedelta(minutes=2)), now)

    assert (notice.title, notice.tone) == ("The queues are long", "wait")
    assert notice.sentence.startswith("1 job waiting longer than usual")


def test_a_queue_that_is_being_worked_off_needs_no_words(now: datetime) -> None:
    assert notices([UP], Backlog(40, now - timedelta(seconds=3)), now) == []


def test_what_waits_is_said_by_queue(now: datetime) -> None:
    redis = Service("redis", "down", "Redis is away.")

    (notice,) = notices([redis], Backlog(5, now), now, where={"email": 3, "poll": 2})

    assert notice.sentence == "Redis is away. 5 jobs waiting: 3 in email and 2 in poll."


def test_workers_that_somebody_stopped_are_not_taken_for_broken(now: datetime) -> None:
    workers = Service("workers", "down", "Nobody works.", "Start one.")

    (all_stopped,) = notices([workers], NOTHING, now, wanted={"main": "stopped"})
    (one_stopped,) = notices([workers], NOTHING, now, wanted={"main": "running", "night": "stopped"})

    assert all_stopped.title == "The workers are stopped: work waits"
    assert one_stopped.title == "No worker is running: work waits"
    assert all_stopped.cure == "Stopped by hand: main. Start them under Workers."
    assert one_stopped.cure == "Start one. Stopped by hand: night. Start them under Workers."


@pytest.mark.usefixtures("now")
def test_a_pause_that_holds_work_says_who_why_and_until_when(viewer: Browser, now: datetime) -> None:
    a_process(), a_process("scheduler")
    pauses.pause("queue", "default", "ada@school.example", "moving house", now + timedelta(hours=2))
    assert "is paused" not in words_of(viewer.get("/events"))

    a_run("waiting-1", "queued")

    page = words_of(viewer.get("/events"))
    assert "The queue default is paused. Since Today 09:00 UTC" in page
    assert "By ada@school.example: moving house. 1 job waiting there; nothing is lost." in page
    assert "It goes on by itself: Today 11:00 UTC." in page


@pytest.mark.usefixtures("now")
def test_a_pause_without_a_reason_is_told_in_the_language_of_the_reader_too(viewer: Browser) -> None:
    a_process(), a_process("scheduler")
    pauses.pause("queue", "default", "ada@school.example")
    a_run("waiting-1", "queued")

    page = words_of(viewer.get("/events", headers={"Accept-Language": "zh"}))

    assert "操作人：ada@school.example。" in page


@pytest.mark.parametrize(
    "address", ["/", "/events", "/events/new", "/deliveries", "/jobs", "/schedules", "/workers"]
)
def test_with_neither_redis_nor_a_worker_every_page_works_and_says_what_waits(
    site: Flask, operator: Browser, address: str
) -> None:
    a_run("waiting-1", "queued")
    server = fakeredis.FakeServer()
    server.connected = False
    site.extensions["edupulse"].redis = fakeredis.FakeRedis(server=server)

    answer = operator.get(address)

    assert answer.status_code == 200
    page = words_of(answer)
    assert "Redis is away: work waits" in page
    assert "No worker is running: work waits" in page
    assert "1 job waiting" in page


def test_an_event_can_be_entered_while_redis_is_away(site: Flask, operator: Browser) -> None:
    server = fakeredis.FakeServer()
    server.connected = False
    site.extensions["edupulse"].redis = fakeredis.FakeRedis(server=server)
    form = {
        "title": "Drawing",
        "start_date": "2030-03-12",
        "start_time": "10:00",
        "end_date": "2030-03-12",
        "end_time": "11:00",
    }

    answer = operator.post("/events", {**form, "timezone": "UTC", "attendees": "Zoë <zoe@school.example>"})

    assert answer.status_code == 303
    assert "Drawing" in words_of(operator.get("/events"))


@pytest.mark.usefixtures("now")
def test_when_all_are_at_work_the_banner_is_gone(site: Flask, viewer: Browser) -> None:
    a_process(), a_process("scheduler")

    page = words_of(viewer.get("/jobs"))

    assert "work waits" not in page
    assert "The clock has stopped" not in page


def test_somebody_who_is_not_signed_in_learns_nothing(visitor: Browser) -> None:
    assert "No worker" not in words_of(visitor.get("/sign-in"))


def test_pages_can_be_read_while_another_program_writes(viewer: Browser, visitor: Browser) -> None:
    a_running({"sent": 1})
    delivery = db.session.scalars(select(Delivery)).one()
    link = unsubscribe.link(delivery.id, delivery.address).rpartition("/")[2]
    db.session.rollback()
    other = sqlite3.connect(str(db.engine.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    pages = [viewer.get("/"), viewer.get("/workers"), visitor.get(f"/unsubscribe/{link}")]

    other.close()
    assert [page.status_code for page in pages] == [200, 200, 200]
