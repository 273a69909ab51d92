"""Job runs: found by filter, one with everything that is known of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.rows import a_process, a_run
from tests.web.conftest import Browser, words_of

pytestmark = pytest.mark.usefixtures("now")


def test_an_empty_list_says_how_to_see_one(viewer: Browser) -> None:
    assert "python cli.py jobs send diagnostics.ping" in words_of(viewer.get("/jobs"))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"a", "b"}),
        ("state=failed", {"b"}),
        ("name=mail.deliver", {"b"}),
        ("queue=default", {"a"}),
        ("text=BROKEN", {"b"}),
        ("text=4711", {"b"}),
        ("text=run-a", {"a"}),
        ("text=%25", set()),
        ("failed=yes", {"b"}),
        ("actor=ada@school.example", {"b"}),
        ("since=2026-03-12T08:30", {"a"}),
        ("until=2026-03-12T08:30:00%2B00:00", {"b"}),
        ("fingerprint=f1", {"b"}),
    ],
)
def test_filters_stand_in_the_address(viewer: Browser, query: str, found: set[str], now: datetime) -> None:
    a_run("run-a")
    a_run(
        "run-b",
        "failed",
        name="mail.deliver",
        queue="email",
        arguments={"delivery_ids": [4711]},
        error_message="broken pipe",
        error_fingerprint="f1",
        actor="ada@school.example",
        created_at=now - timedelta(hours=1),
    )

    page = viewer.get(f"/jobs?{query}&part=live").text

    assert {letter for letter in "ab" if f'href="/jobs/run-{letter}"' in page} == found


def test_queues_show_what_waits_and_whether_anybody_listens(viewer: Browser, now: datetime) -> None:
    a_run("run-a", "queued", available_at=now - timedelta(minutes=3))
    a_process(queues=["email"])

    page = words_of(viewer.get("/jobs"))

    assert "default 1 3 min ago 0 none" in page
    assert "email 0 – 0 1" in page


def test_one_run_shows_arguments_result_times_and_worker(viewer: Browser, now: datetime) -> None:
    a_run(
        "run-a",
        arguments={"note": "hé"},
        result={"answer": 42},
        worker="atelier-1",
        attempts=2,
        started_at=now,
        ended_at=now + timedelta(seconds=2),
        request_id="abc12345",
        occurrence_key="s@1",
        actor="ada@school.example",
    )

    page = words_of(viewer.get("/jobs/run-a"))

    for word in (
        '"note": "hé"',
        '"answer": 42',
        "atelier-1",
        "after 2.0 s",
        "2 of at most 4",
        "abc12345",
        "s@1",
        "ada@school.example",
    ):
        assert word in page


def test_a_failed_run_shows_its_error_and_where_it_happened(viewer: Browser) -> None:
    a_run("run-a", "failed", error_class="ValueError", error_message="<b>no</b>", error_traceback="line 7")

    page = viewer.get("/jobs/run-a")

    assert "ValueError : <b>no</b>" in words_of(page)
    assert "<b>no</b>" not in page.text
    assert "line 7" in words_of(page)


def test_progress_is_shown_and_a_run_that_goes_on_refreshes_itself(viewer: Browser) -> None:
    a_run("run-a", "started", progress_done=3, progress_total=10, progress_note="class lists")
    a_run("run-b")

    running, done = viewer.get("/jobs/run-a"), viewer.get("/jobs/run-b")

    assert "3 of 10: class lists" in words_of(running)
    assert 'data-live="/jobs/run-a?part=live"' in running.text
    assert "data-live" not in done.text
    assert "<html" not in viewer.get("/jobs/run-a?part=live").text


def test_a_job_that_left_the_catalog_still_has_its_page(viewer: Browser) -> None:
    a_run("run-a", name="old.job")

    assert "no longer in the catalog" in words_of(viewer.get("/jobs/run-a"))


def test_an_unknown_run_is_not_found(viewer: Browser) -> None:
    assert viewer.get("/jobs/nobody").status_code == 404


def test_a_filter_comes_back_in_its_fields(viewer: Browser) -> None:
    page = viewer.get("/jobs?since=2026-03-12T08:30&actor=ada@school.example&fingerprint=f1").text

    assert 'value="2026-03-12T08:30"' in page
    assert 'value="ada@school.example"' in page
    assert 'name="fingerprint" value="f1"' in page


def test_a_time_that_is_none_is_refused(viewer: Browser) -> None:
    assert viewer.get("/jobs?since=soon").status_code == 422


def test_a_run_that_waits_says_for_what(viewer: Browser, now: datetime) -> None:
    a_run("run-a", "queued")
    a_run("run-b", "deferred", attempts=1, available_at=now + timedelta(minutes=3))

    assert "No worker is running; it begins when one starts." in words_of(viewer.get("/jobs/run-a"))
    assert "It is tried again at 09:03." in words_of(viewer.get("/jobs/run-b"))


def test_a_failed_run_says_what_its_error_means(viewer: Browser) -> None:
    a_run(
        "run-a",
        "failed",
        error_class="ConnectionRefusedError",
        error_message="[Errno 111] Connection refused",
    )

    page = words_of(viewer.get("/jobs/run-a"))

    assert "What this means: The other server does not accept connections" in page
