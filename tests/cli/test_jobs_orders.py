"""`jobs cancel|retry|requeue|clear|leave|pause|resume` and the wishes that `jobs send` takes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from edupulse.accounts.models import AuditEntry
from edupulse.control import pauses
from edupulse.control.models import JobRun
from edupulse.database import db
from tests.cli.conftest import Type, facts
from tests.rows import a_run


def state_of(run_id: str) -> str:
    db.session.rollback()
    return db.session.get_one(JobRun, run_id, populate_existing=True).state


@pytest.mark.parametrize(
    ("verb", "state", "becomes"),
    [
        ("cancel", "queued", "cancelled"),
        ("clear", "deferred", "cancelled"),
        ("retry", "failed", "queued"),
        ("requeue", "deferred", "queued"),
        ("leave", "interrupted", "failed"),
    ],
)
def test_an_order_for_one_run(type_in: Type, verb: str, state: str, becomes: str) -> None:
    a_run("run-1", state)

    facts(type_in("jobs", verb, "run-1", "--json"))

    assert state_of("run-1") == becomes
    assert db.session.scalars(select(AuditEntry.actor)).one().startswith("cli:")


def test_a_run_that_cannot_be_moved_says_why(type_in: Type) -> None:
    a_run("run-1", "finished")

    refused = type_in("jobs", "cancel", "run-1")

    assert (refused.exit_code, "The run is over: it has finished." in refused.stderr) == (1, True)


def test_several_runs_are_counted_and_the_others_passed_by(type_in: Type) -> None:
    a_run("run-1", "failed"), a_run("run-2", "finished")

    done = facts(type_in("jobs", "retry", "run-1", "run-2", "--json"))

    assert done == {"order": "retry", "runs": 1, "dry_run": False, "passed_by": 1}


def test_all_that_match_are_moved_after_a_question(type_in: Type) -> None:
    a_run("run-1", "failed"), a_run("run-2", "failed", name="mail.sweep", queue="email")

    refused = type_in("jobs", "retry", "--all", "--state", "failed", "--name", "mail.sweep", stdin="n\n")
    assert (refused.exit_code, state_of("run-2")) == (1, "failed")
    assert "Retry 1 run?" in refused.stderr
    facts(type_in("jobs", "retry", "--all", "--state", "failed", "--name", "mail.sweep", "--yes", "--json"))

    assert (state_of("run-1"), state_of("run-2")) == ("failed", "queued")


def test_a_dry_run_only_counts(type_in: Type) -> None:
    a_run("run-1", "queued"), a_run("run-2", "started")

    counted = facts(type_in("jobs", "cancel", "--all", "--dry-run", "--json"))

    assert (counted["runs"], counted["dry_run"], state_of("run-1")) == (2, True, "queued")


def test_clear_leaves_alone_what_runs(type_in: Type) -> None:
    a_run("run-1", "queued"), a_run("run-2", "started")

    done = facts(type_in("jobs", "clear", "--all", "--yes", "--reason", "closing", "--json"))

    assert (done["runs"], state_of("run-1"), state_of("run-2")) == (1, "cancelled", "started")


@pytest.mark.parametrize("words", [(), ("run-1", "--all"), ("run-1", "--state", "failed")])
def test_it_must_be_clear_which_runs_are_meant(type_in: Type, words: tuple[str, ...]) -> None:
    a_run("run-1", "failed")

    refused = type_in("jobs", "retry", *words, "--yes")

    assert (refused.exit_code, state_of("run-1")) == (1, "failed")


# Sending


def test_a_job_is_sent_with_priority_delay_and_key(type_in: Type, now: datetime) -> None:
    words = ("--priority", "high", "--delay", "10m", "--unique", "k", "--json")

    sent = facts(type_in("jobs", "send", "diagnostics.ping", *words))

    assert (sent["priority"], sent["unique_key"], sent["state"]) == ("high", "k", "deferred")
    assert db.session.get_one(JobRun, sent["id"]).available_at == now + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("wish", "same", "first_becomes"), [("skip", True, "queued"), ("replace", False, "cancelled")]
)
def test_a_key_that_is_taken_is_treated_as_asked(
    type_in: Type, wish: str, same: bool, first_becomes: str
) -> None:
    send: Callable[..., dict[str, str]] = lambda *words: facts(  # noqa: E731 - read as a sentence below
        type_in("jobs", "send", "diagnostics.ping", "--unique", "k", *words, "--json")
    )
    first = send()

    second = send("--if-exists", wish)

    assert (second["id"] == first["id"], state_of(first["id"])) == (same, first_becomes)


def test_a_key_that_is_taken_can_be_an_error(type_in: Type) -> None:
    type_in("jobs", "send", "diagnostics.ping", "--unique", "k")

    refused = type_in("jobs", "send", "diagnostics.ping", "--unique", "k", "--if-exists", "error")

    assert (refused.exit_code, "'k' is queued already" in refused.stderr) == (1, True)


@pytest.mark.parametrize("delay", ["10", "m", "-1m", "1w", "9999999d"])
def test_a_delay_that_means_nothing_is_refused(type_in: Type, delay: str) -> None:
    refused = type_in("jobs", "send", "diagnostics.ping", "--delay", delay)

    assert (refused.exit_code, "is not a duration" in refused.stderr) == (2, True)


# Pausing a kind of job


def test_a_job_is_paused_and_resumed(type_in: Type, now: datetime) -> None:
    paused = type_in("jobs", "pause", "mail.sweep", "--reason", "exam", "--for", "2h")

    (held,) = pauses.holding(now)
    assert (held.scope, held.reason, held.until) == ("job", "exam", now + timedelta(hours=2))
    assert "python cli.py jobs resume mail.sweep" in paused.stdout
    assert type_in("jobs", "resume", "mail.sweep").stdout == "mail.sweep goes on.\n"
    assert type_in("jobs", "resume", "mail.sweep").stdout == "mail.sweep was not paused.\n"


def test_a_job_that_does_not_exist_cannot_be_paused(type_in: Type) -> None:
    refused = type_in("jobs", "pause", "mail.sweeep")

    assert (refused.exit_code, "Known: mail.sweep" in refused.stderr) == (1, True)


def test_the_status_of_a_run_tells_who_wanted_it_to_stop(type_in: Type) -> None:
    a_run("run-1", "started", worker="w1")
    type_in("jobs", "cancel", "run-1", "--reason", "wrong class")

    shown = json.loads(type_in("jobs", "status", "run-1", "--json").stdout)

    assert shown["cancelled_by"].startswith("cli:")
    assert shown["cancel_reason"] == "wrong class"
