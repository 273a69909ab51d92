"""The first page: the headline decides, what needs somebody stands first, what goes out next is joined."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from edupulse.control.monitor import Backlog, Overview, Service
from edupulse.mail.models import Sender
from edupulse.mail.monitor import Attention, Hour
from edupulse.mail.senders import sender_id
from edupulse.reminders.events import AttendeeDraft
from edupulse.transaction import transaction
from edupulse.web.charts import HEIGHT, WIDTH, bars, shares
from edupulse.web.dashboard import health, start_of_today
from tests.rows import a_delivery, a_process, a_run, a_schedule, an_event
from tests.web.conftest import Browser, words_of

UP = Service("redis", "up", "")
CALM = Overview([], Backlog(0, None), 0, 0, 0, 0, [], [], [], [])
NO_NEEDS = Attention([], [], [], [], {})


def pause_sender(**values: object) -> None:
    with transaction() as session:
        sender = session.get_one(Sender, sender_id())
        sender.paused_at, sender.pause_reason = datetime(2026, 3, 12, tzinfo=UTC), "The login was refused."
        sender.pause_cure = "Make an app password."
        for name, value in values.items():
            setattr(sender, name, value)


@pytest.mark.parametrize(
    ("part", "needs", "headline"),
    [
        (UP, {}, "Everything is running"),
        (UP, {"unknown": 1}, "Running, and something needs you"),
        (Service("workers", "degraded", ""), {}, "Running, with a delay"),
        (Service("workers", "down", ""), {"unknown": 1}, "Something is down"),
    ],
)
def test_the_headline_says_the_worst_first(part: Service, needs: dict[str, int], headline: str) -> None:
    assert health([part], CALM, Attention([], [], [], [], needs))[1] == headline


@pytest.mark.parametrize(
    ("inbox", "headline"),
    [
        ({"attention": 1}, "Running, and something needs you"),
        ({"quarantined": 1}, "Running, and something needs you"),
        ({"stopped": 1, "delayed": 1}, "Running, and something needs you"),
        ({"delayed": 1}, "Running, with a delay"),
        ({"attention": 0}, "Everything is running"),
    ],
)
def test_what_the_inbox_needs_is_part_of_the_headline(inbox: dict[str, int], headline: str) -> None:
    assert health([UP], CALM, NO_NEEDS, inbox)[1] == headline


def test_mail_that_is_merely_late_is_a_delay_and_not_a_task(now: datetime) -> None:
    assert health([UP], CALM, Attention([], [], [], [], {"late": 3}))[1] == "Running, with a delay"


@pytest.mark.usefixtures("now")
def test_a_new_installation_teaches_what_to_do(operator: Browser) -> None:
    page = words_of(operator.get("/"))

    assert "No reminder is planned" in page
    assert "New event" in page
    assert "No mail was accepted today yet." in page


@pytest.mark.usefixtures("now")
def test_an_uncertain_and_a_refused_mail_need_somebody(viewer: Browser) -> None:
    a_delivery("unknown")
    a_delivery("rejected", reason="The address does not exist.")

    page = words_of(viewer.get("/"))

    assert "Did Zoë get “Reminder: Oil painting”?" in page
    assert "Zoë did not get “Reminder: Oil painting” The address does not exist." in page


@pytest.mark.usefixtures("now")
def test_a_paused_sender_shows_its_cure_and_an_operator_resumes_it(
    operator: Browser, viewer: Browser
) -> None:
    pause_sender()
    assert "Sending is paused. The login was refused. Make an app password." in words_of(viewer.get("/"))
    assert "/sender/resumption" not in viewer.get("/").text
    assert "/sender/resumption" in operator.get("/").text

    operator.post("/sender/resumption")

    assert "Sending is paused" not in words_of(operator.get("/"))


def test_a_sender_that_waits_by_itself_is_no_task(viewer: Browser, now: datetime) -> None:
    pause_sender(resume_at=now + timedelta(minutes=5))

    assert "Sending is paused." not in words_of(viewer.get("/"))


@pytest.mark.usefixtures("now")
def test_what_goes_out_next_is_one_line_per_mailing(viewer: Browser) -> None:
    an_event("Drawing", attendees=[AttendeeDraft(f"p{number}@school.example") for number in range(3)])

    page = words_of(viewer.get("/"))

    assert "Drawing starts Tomorrow 09:00 UTC 3 people in 23 h 45 min" in page


@pytest.mark.usefixtures("now")
def test_an_event_of_a_whole_day_is_named_by_its_own_day(viewer: Browser) -> None:
    an_event("王芳的生日", starts=datetime(2026, 3, 14), all_day=True, timezone="Asia/Shanghai")

    assert "王芳的生日 all day, Sat 14 Mar 1 person" in words_of(viewer.get("/"))


@pytest.mark.usefixtures("now")
def test_failures_and_late_schedules_are_named(viewer: Browser, now: datetime) -> None:
    a_run("failed-1", "failed", error_message="It broke.", ended_at=now)
    a_schedule("reminders.plan", next_at=now - timedelta(minutes=9))

    page = words_of(viewer.get("/"))

    assert "diagnostics.ping It broke." in page
    assert "reminders.plan has not run It was due 9 min ago" in page


@pytest.mark.usefixtures("now")
def test_the_part_that_refreshes_itself_is_the_same_without_the_frame(viewer: Browser) -> None:
    part = viewer.get("/?part=live").text

    assert "<html" not in part
    assert words_of(viewer.get("/?part=live")) in words_of(viewer.get("/"))


@pytest.mark.usefixtures("now")
def test_with_all_at_work_every_part_is_up(viewer: Browser, change_settings: object) -> None:
    change_settings(smtp_server="smtp.school.example")  # type: ignore[operator]
    a_process(), a_process("scheduler")

    page = words_of(viewer.get("/"))

    assert "Everything is running" in page
    assert "Mail leaves through smtp.school.example:587; nothing was sent yet." in page


def test_today_begins_at_midnight_of_the_organisation(site: Flask, change_settings: object) -> None:
    change_settings(timezone="Asia/Shanghai")  # type: ignore[operator]

    midnight = start_of_today(datetime(2026, 3, 12, 20, 0, tzinfo=UTC))

    assert midnight == datetime(2026, 3, 12, 16, 0, tzinfo=UTC)


def test_the_shares_fill_the_whole_width() -> None:
    laid = shares({"sent": 97, "rejected": 1, "unknown": 2})

    assert round(sum(share.width for share in laid)) == WIDTH
    assert [share.x for share in laid] == [0, 465.6, 470.4]
    assert shares({}) == []


def test_the_busiest_hour_is_as_high_as_the_drawing_and_one_mail_is_still_seen() -> None:
    start = datetime(2026, 3, 12, tzinfo=UTC)

    quiet, none, busy = bars([Hour(start, 0, 1), Hour(start, 0, 0), Hour(start, 900, 100)])

    assert busy.sent + busy.refused == HEIGHT
    assert quiet.refused == 2.0
    assert (none.sent, none.refused) == (0, 0)
