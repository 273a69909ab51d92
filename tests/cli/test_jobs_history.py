"""`jobs history|stats|failures|active|watch|result`: looking back, and looking on."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from edupulse.cli import waiting
from edupulse.control.models import JobRun
from edupulse.database import db
from tests.cli.conftest import Type, facts
from tests.rows import a_run


@pytest.mark.parametrize("time", ["18:30+08:00", "0001-01-01", "9999-12-31"])
def test_what_is_no_time_here_is_refused_with_examples(type_in: Type, time: str) -> None:
    refused = type_in("jobs", "history", "--since", time)

    assert (refused.exit_code, "Write how long ago (90s, 2h, 7d)" in refused.stderr) == (1, True)


def test_history_finds_what_failed_since_then(type_in: Type, now: datetime) -> None:
    a_run("old", "failed", created_at=now - timedelta(hours=3))
    a_run("new", "failed", created_at=now - timedelta(hours=1))
    a_run("good", "finished", created_at=now - timedelta(hours=1))

    found = facts(type_in("jobs", "history", "--failed", "--since", "2h", "--json"))

    assert [run["id"] for run in found] == ["new"]


def test_history_goes_on_page_by_page(type_in: Type, now: datetime) -> None:
    for hours in (1, 2):
        a_run(f"run-{hours}", "finished", created_at=now - timedelta(hours=hours))

    first = type_in("jobs", "history", "--limit", "1", "--json")
    cursor = first.stderr.strip().rpartition(" ")[2]
    second = facts(type_in("jobs", "history", "--limit", "1", "--page", cursor, "--json"))

    assert ([run["id"] for run in json.loads(first.stdout)], [run["id"] for run in second]) == (
        ["run-1"],
        ["run-2"],
    )


def test_a_time_that_is_none_is_refused_with_examples(type_in: Type) -> None:
    refused = type_in("jobs", "history", "--since", "yesteryear")

    assert (refused.exit_code, "7d" in refused.stderr) == (1, True)


def test_what_is_worked_on_is_listed(type_in: Type, now: datetime) -> None:
    a_run("run-1", "started", started_at=now), a_run("run-2", "queued")

    assert [run["id"] for run in facts(type_in("jobs", "active", "--json"))] == ["run-1"]


def test_failures_stand_with_their_cause_and_the_command_that_repeats_them(
    type_in: Type, now: datetime
) -> None:
    a_run("bad", "failed", created_at=now, error_class="ConnectionRefusedError", error_message="111",
          error_fingerprint="abc", ended_at=now)  # fmt: skip

    shown = type_in("jobs", "failures")

    assert "ConnectionRefusedError" in shown.stdout
    assert "jobs retry --all --failed --fingerprint abc" in shown.stdout


def test_statistics_are_asked_per_job(type_in: Type, now: datetime) -> None:
    a_run("good", "finished", created_at=now, started_at=now, ended_at=now + timedelta(seconds=1))

    (line,) = facts(type_in("jobs", "stats", "--json"))

    assert (line["accepted"], line["finished"], line["failure_rate"]) == (1, 1, 0.0)


def test_watching_a_run_prints_each_change_until_it_is_over(
    type_in: Type, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_run("run-1", "started", started_at=now)
    monkeypatch.setattr(waiting.time, "sleep", lambda seconds: become("finished", now))

    watched = type_in("jobs", "watch", "run-1", "--json")

    assert [json.loads(line)["state"] for line in watched.stdout.splitlines()] == ["started", "finished"]
    assert watched.exit_code == 0


def test_a_watched_run_that_fails_makes_the_exit_code_1(
    type_in: Type, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_run("run-1", "started", started_at=now)
    monkeypatch.setattr(waiting.time, "sleep", lambda seconds: become("failed", now))

    watched = type_in("jobs", "watch", "run-1")

    assert (watched.exit_code, "The run is failed" in watched.stderr) == (1, True)


def test_ctrl_c_ends_the_watching_alone(
    type_in: Type, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_run("run-1", "started", started_at=now)
    monkeypatch.setattr(waiting.time, "sleep", interrupt)

    watched = type_in("jobs", "watch", "run-1")

    assert watched.exit_code == 130
    assert db.session.get_one(JobRun, "run-1").cancel_requested_at is None


def test_the_result_of_a_run_is_printed_as_json(type_in: Type) -> None:
    a_run("run-1", "finished", result={"pong": 1})

    assert json.loads(type_in("jobs", "result", "run-1").stdout) == {"pong": 1}


@pytest.mark.parametrize(("state", "sentence"), [("failed", "it was failed"), ("queued", "It is not over")])
def test_a_run_without_a_result_says_why(type_in: Type, state: str, sentence: str) -> None:
    a_run("run-1", state)

    refused = type_in("jobs", "result", "run-1")

    assert (refused.exit_code, sentence in refused.stderr) == (1, True)


def test_what_an_open_run_waits_for_is_said(type_in: Type) -> None:
    a_run("run-1", "queued")

    assert (
        "No worker is running" in facts(type_in("jobs", "status", "run-1", "--json"))["waits_for"]["sentence"]
    )


def become(state: str, now: datetime) -> None:
    """Do what a worker would do meanwhile."""
    run = db.session.get_one(JobRun, "run-1")
    run.state, run.ended_at = state, now
    db.session.commit()


def interrupt(seconds: float) -> None:
    raise KeyboardInterrupt
