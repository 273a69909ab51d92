"""`queues`: what stands in each, what holds it, and a switch."""

from __future__ import annotations

from datetime import datetime, timedelta

from edupulse.control import pauses
from tests.cli.conftest import Type, facts
from tests.rows import a_process, a_run


def test_queues_are_listed_with_what_waits_runs_and_holds_them(type_in: Type, now: datetime) -> None:
    a_process(queues=["email"])
    (
        a_run("run-1", "queued", queue="email", available_at=now - timedelta(minutes=3)),
        a_run("run-2", "started"),
    )
    pauses.pause("queue", "email", "ada@school.example", "exam", now + timedelta(hours=1))
    pauses.pause("job", "mail.sweep", "ada@school.example")

    rows = {row["name"]: row for row in facts(type_in("queues", "list", "--json"))}

    assert (rows["email"]["waiting"], rows["email"]["workers"], rows["default"]["running"]) == (1, 1, 1)
    assert rows["email"]["paused"] == "by ada@school.example until 2026-03-12 10:00:00 UTC: exam"
    assert (rows["email"]["reason"], rows["default"]["paused"]) == ("exam", None)
    assert (rows["mail.sweep"]["kind"], rows["mail.sweep"]["until"]) == ("job", None)


def test_a_queue_is_paused_and_resumed(type_in: Type, now: datetime) -> None:
    paused = type_in("queues", "pause", "email", "--reason", "exam", "--for", "30m")

    (held,) = pauses.holding(now)
    assert (held.name, held.reason, held.until) == ("email", "exam", now + timedelta(minutes=30))
    assert held.actor.startswith("cli:")
    assert "It goes on by itself at" in paused.stdout
    assert type_in("queues", "resume", "email").stdout == "email goes on.\n"
    assert pauses.holding(now) == []


def test_a_queue_that_does_not_exist_is_refused(type_in: Type) -> None:
    refused = type_in("queues", "pause", "nowhere")

    assert (refused.exit_code, "nowhere" in refused.stderr) == (2, True)
