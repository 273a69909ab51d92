"""Every job there is, and one sent by hand through a form that knows what it takes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from edupulse.control.models import JobRun
from edupulse.database import db
from tests.rows import a_schedule
from tests.web.conftest import Browser, words_of

pytestmark = pytest.mark.usefixtures("now")


def sent() -> list[JobRun]:
    return list(db.session.scalars(select(JobRun)))


def test_the_catalog_says_what_each_job_takes_and_when_it_runs(viewer: Browser) -> None:
    a_schedule()

    page = viewer.get("/jobs/send")

    words = words_of(page)
    assert (
        "mail.deliver Send these mails, each at most once. delivery_ids a list of whole numbers email"
        in words
    )
    assert "reminders.check Hand over each reminder that is due. nothing reminders every minute" in words
    assert "/jobs/send/" not in page.text


def test_an_operator_sends_a_job_and_sees_its_run(operator: Browser) -> None:
    answer = operator.post("/jobs/send/diagnostics.ping", {"argument-note": "hé", "priority": "high"})

    (run,) = sent()
    assert (answer.status_code, answer.location) == (303, f"/jobs/{run.id}")
    assert (run.name, run.arguments, run.priority) == ("diagnostics.ping", {"note": "hé"}, 1)
    assert run.actor == "operator@school.example"
    assert "Accepted. No worker is running" in words_of(operator.get(f"/jobs/{run.id}"))


@pytest.mark.parametrize("typed", ["[7, 8]", "7, 8", " 7,8 "])
def test_a_list_may_be_typed_without_brackets(operator: Browser, typed: str) -> None:
    operator.post("/jobs/send/mail.deliver", {"argument-delivery_ids": typed})

    assert sent()[0].arguments == {"delivery_ids": [7, 8]}


def test_what_may_be_left_out_is_left_out(operator: Browser) -> None:
    operator.post("/jobs/send/mail.pump", {"argument-place": "", "argument-moved": ""})

    assert sent()[0].arguments == {}


def test_a_job_waits_until_its_hour(operator: Browser) -> None:
    operator.post("/jobs/send/diagnostics.ping", {"argument-note": "", "not_before": "2026-03-12T11:00"})

    run = sent()[0]
    assert (run.state, run.available_at) == ("deferred", datetime(2026, 3, 12, 11, 0, tzinfo=UTC))
    page = words_of(operator.get(f"/jobs/{run.id}"))
    assert "It waits for its time" in page
    assert "It failed" not in page


@pytest.mark.parametrize(
    ("job", "typed", "words"),
    [
        ("mail.deliver", {}, "delivery_ids is missing"),
        ("mail.deliver", {"argument-delivery_ids": "seven"}, "must be a list of whole numbers"),
        ("mail.deliver", {"argument-delivery_ids": '["x"]'}, "must be a list of whole numbers"),
        ("reminders.send_now", {"argument-event_id": "true"}, "must be a whole number"),
        ("diagnostics.ping", {"argument-note": "", "not_before": "soon"}, "is not a day and a time"),
        (
            "diagnostics.ping",
            {"argument-note": "", "unique_key": "kept as typed" * 20},
            "at most 200 characters",
        ),
    ],
)
def test_what_does_not_fit_comes_back_with_every_word(
    operator: Browser, job: str, typed: dict[str, str], words: str
) -> None:
    refused = operator.post(f"/jobs/send/{job}", {"unique_key": "kept as typed", **typed})

    assert refused.status_code == 422
    assert words in words_of(refused)
    assert "kept as typed" in refused.text
    assert sent() == []


def test_only_one_with_the_same_key_is_open(operator: Browser) -> None:
    key = {"argument-note": "", "unique_key": "k"}
    operator.post("/jobs/send/diagnostics.ping", key)

    same = operator.post("/jobs/send/diagnostics.ping", {**key, "if_exists": "skip"})
    assert "Nothing was added: this run has the key already." in words_of(operator.get(same.location or ""))
    refused = operator.post("/jobs/send/diagnostics.ping", {**key, "if_exists": "error"})

    assert (len(sent()), same.location, refused.status_code) == (1, f"/jobs/{sent()[0].id}", 409)


def test_an_unknown_job_names_the_nearest(operator: Browser) -> None:
    answer = operator.get("/jobs/send/diagnostics.pong")

    assert (answer.status_code, "diagnostics.ping" in words_of(answer)) == (404, True)


def test_a_viewer_sends_nothing(viewer: Browser) -> None:
    assert viewer.get("/jobs/send/diagnostics.ping").status_code == 403
    assert viewer.post("/jobs/send/diagnostics.ping", {"argument-note": ""}).status_code == 403


def test_the_schedules_of_a_job_are_found_whatever_they_are_called(operator: Browser) -> None:
    a_schedule("mailbox-1", job="mailboxes.poll", enabled=False)
    assert "every minute paused" in words_of(operator.get("/jobs/send/mailboxes.poll"))

    a_schedule("mailbox-2", job="mailboxes.poll")

    assert "2 schedules" in words_of(operator.get("/jobs/send"))
