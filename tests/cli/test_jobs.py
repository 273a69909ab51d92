"""`jobs` on the command line."""

from __future__ import annotations

import pytest

from edupulse.control.enqueue import enqueue
from edupulse.control.models import JobRun
from edupulse.database import db
from tests.cli.conftest import Type, facts


def test_a_sent_job_stands_in_the_ledger_with_who_sent_it(type_in: Type) -> None:
    sent = facts(type_in("jobs", "send", "diagnostics.ping", "note=hello", "--json"))

    run = db.session.get_one(JobRun, sent["id"])
    assert (run.name, run.state, run.arguments) == ("diagnostics.ping", "queued", {"note": "hello"})
    assert run.actor.startswith("cli:")


def test_arguments_come_as_pairs_or_as_json(type_in: Type) -> None:
    pairs = facts(type_in("jobs", "send", "mail.deliver", "delivery_ids=[1,2]", "--json"))
    text = facts(type_in("jobs", "send", "mail.deliver", "--arguments", '{"delivery_ids": [1, 2]}', "--json"))

    ordered = facts(type_in("jobs", "send", "mail.deliver", "--args", "[[1, 2]]", "--json"))

    assert pairs["arguments"] == ordered["arguments"] == text["arguments"] == {"delivery_ids": [1, 2]}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("reminders.chek",), "There is no job named 'reminders.chek'. Known: reminders.check"),
        (("diagnostics.ping", "--arguments", "{bad"), "--kwargs is not JSON"),
        (("diagnostics.ping", "--arguments", "[1]"), "--kwargs must be a JSON object"),
        (("diagnostics.ping", "--args", "7"), "--args must be a JSON list or object"),
        (("diagnostics.ping", "--args", "[1, 2]"), "too many positional arguments"),
        (("mail.deliver", "delivery_ids=no"), "delivery_ids must be a list of whole numbers"),
        (("diagnostics.ping", "note"), "'note' is not KEY=VALUE"),
        (("diagnostics.ping", "nope=1"), "Job diagnostics.ping: got an unexpected keyword argument 'nope'"),
        (("mail.deliver",), "Job mail.deliver: missing a required argument: 'delivery_ids'"),
    ],
)
def test_a_job_that_cannot_be_sent_says_why_and_leaves_nothing(
    type_in: Type, words: tuple[str, ...], sentence: str
) -> None:
    refused = type_in("jobs", "send", *words)

    assert refused.exit_code == 1
    assert sentence in refused.stderr
    assert "Traceback" not in refused.output
    assert db.session.query(JobRun).count() == 0


@pytest.mark.parametrize("value", ["9" * 5_000, "[" * 100_000])
def test_what_is_too_long_to_be_a_value_is_refused_in_words(type_in: Type, value: str) -> None:
    pair = type_in("jobs", "send", "reminders.send_now", f"event_id={value}")
    listed = type_in("jobs", "send", "reminders.send_now", "--args", value)

    assert (pair.exit_code, listed.exit_code) == (1, 1)
    assert "event_id must be" in pair.stderr
    assert "--args is not JSON" in listed.stderr


def test_the_list_can_be_narrowed(type_in: Type) -> None:
    type_in("jobs", "send", "diagnostics.ping", "note=one")
    type_in("jobs", "send", "reminders.check")

    found = facts(type_in("jobs", "list", "--name", "diagnostics.ping", "--json"))

    assert [run["arguments"] for run in found] == [{"note": "one"}]


def test_one_run_is_shown(type_in: Type) -> None:
    run = enqueue("diagnostics.ping", note="x")

    shown = facts(type_in("jobs", "status", run.id, "--json"))

    assert (shown["id"], shown["state"], shown["queue"]) == (run.id, "queued", "default")


def test_an_unknown_run_is_named(type_in: Type) -> None:
    refused = type_in("jobs", "status", "nope-1")

    assert (refused.exit_code, "'nope-1'" in refused.stderr) == (1, True)


def test_without_a_worker_the_sender_is_told_that_it_waits(type_in: Type) -> None:
    sent = type_in("jobs", "send", "diagnostics.ping")

    assert sent.exit_code == 0
    assert "No worker is running" in sent.stderr


def test_a_worker_for_a_queue_that_does_not_exist_is_refused(type_in: Type) -> None:
    refused = type_in("worker", "--queues", "reminders,nope")

    assert (refused.exit_code, "There is no queue nope" in refused.stderr) == (1, True)


def test_every_job_of_the_catalog_is_listed(type_in: Type) -> None:
    names = {job["name"] for job in facts(type_in("jobs", "registered", "--json"))}

    assert {"reminders.check", "mail.deliver", "diagnostics.ping"} <= names
