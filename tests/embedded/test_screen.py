"""What the demo says about its outcome."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from edupulse.embedded.outcome import Outcome, Verdict
from edupulse.embedded.screen import Screen, in_words, progress_line

DUE = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
GOOD = Verdict(expected=2, sent=2, arrived=2, missing=[], twice=[], strangers=0)


def outcome(state: str, late: float | None = None) -> Outcome:
    sent_at = None if late is None else DUE + timedelta(seconds=late)
    return Outcome(
        "Lesson [red]", f"{state}@school.example", DUE, state, sent_at, f"<{state}@school.example>"
    )


def test_progress_counts_the_steps_in_their_order() -> None:
    found = [
        outcome("sent", 1),
        outcome("planned"),
        outcome("queued"),
        outcome("sending"),
        outcome("rejected"),
    ]

    assert progress_line(found) == "planned: 1  handed over: 2  sent: 1  rejected: 1"


def test_the_summary_shows_due_sent_and_lateness(capsys: pytest.CaptureFixture[str]) -> None:
    Screen("Asia/Shanghai").show_summary([outcome("sent", 1.25)], GOOD)

    shown = capsys.readouterr().out
    assert "Lesson [red]" in shown
    assert shown.splitlines()[2].split() == [
        "sent@school.example",
        "17:00:00",
        "17:00:01.25",
        "1.25",
        "s",
        "sent",
    ]


def test_without_a_terminal_progress_is_printed_only_when_it_changed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    screen = Screen("UTC")

    for found in ([outcome("planned")], [outcome("planned")], [outcome("sent", 1)]):
        screen.show_progress(found, DUE)

    assert capsys.readouterr().out.splitlines() == ["planned: 1", "sent: 1"]


def test_the_verdict_is_good_only_when_every_mail_arrived_exactly_once() -> None:
    flawed = [
        replace(GOOD, sent=1),
        replace(GOOD, arrived=1, missing=["li@school.example"]),
        replace(GOOD, twice=["li@school.example"]),
        replace(GOOD, strangers=1),
    ]

    assert GOOD.is_good
    assert not any(verdict.is_good for verdict in flawed)
    assert "arrived exactly once" in in_words(GOOD)
    assert "Missing: li@school.example." in in_words(flawed[1])
    assert "Twice: li@school.example." in in_words(flawed[2])
    assert "nobody asked for" in in_words(flawed[3])
