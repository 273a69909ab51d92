"""What the demo shows of its campaign: a bar that moves, a summary that adds up."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.console import Console

from edupulse.embedded.campaign import CampaignVerdict, Mishap, Sending
from edupulse.embedded.campaign_screen import (
    WIDTH,
    bar,
    in_words,
    progress_line,
    progress_table,
    summary_table,
)
from edupulse.mail.models import STATES

LOST = Mishap("lost@school.example", "the answer was lost", ("unknown", 1, 1), ("unknown", 1, 1))


def sending(state: str = "running", **counts: int) -> Sending:
    return Sending(state, {each: counts.get(each, 0) for each in STATES})


GOOD = CampaignVerdict(
    sending=sending("finished_with_failures", sent=199, unknown=1),
    mishaps=[LOST],
    sent=199,
    arrived=199,
    missing=[],
    twice=[],
    strangers=0,
)


@pytest.mark.parametrize(
    "counts", [{"queued": 200}, {"sent": 100, "queued": 100}, {"sent": 199, "unknown": 1}]
)
def test_the_bar_is_as_long_as_ever(counts: dict[str, int]) -> None:
    assert len(bar(sending(**counts))) in (WIDTH, WIDTH + 1)


def test_the_bar_has_a_piece_for_each_state_however_small() -> None:
    shown = bar(sending(sent=198, rejected=1, unknown=1))

    assert [str(span.style) for span in shown.spans] == ["green", "red", "yellow"]


def test_the_line_moves_by_tenths_and_ends_with_the_numbers() -> None:
    lines = [progress_line(sending(sent=sent, queued=200 - sent)) for sent in (0, 19, 20, 100)]

    assert [line.split("%")[0].strip() for line in lines] == ["0", "0", "10", "50"]
    assert progress_line(sending(sent=199, unknown=1)) == "sent: 199  unknown: 1"
    assert "frozen" in progress_line(sending())


def test_the_summary_names_each_mishap_with_its_state(capsys: pytest.CaptureFixture[str]) -> None:
    Console(width=140).print(summary_table(GOOD))
    Console(width=140).print(progress_table(GOOD.sending))

    shown = capsys.readouterr().out
    assert "lost@school.example" in shown
    assert "unknown" in shown
    assert "200 of 200" in shown


def test_the_numbers_add_up_in_words() -> None:
    assert GOOD.is_good
    assert in_words(GOOD).startswith("199 sent + 1 unknown = 200 recipients. Everybody else")


@pytest.mark.parametrize(
    ("flaw", "said"),
    [
        ({"missing": ["li@x"], "arrived": 198}, "Missing: li@x (1 in all)."),
        ({"twice": ["li@x"], "arrived": 198}, "Twice: li@x (1 in all)."),
        ({"strangers": 2}, "2 mails arrived that nobody asked for."),
        ({"sending": sending("running", sent=199, queued=1)}, "The campaign is running."),
        ({"sending": sending("finished_with_failures", sent=198, unknown=1)}, "not how many people"),
        ({"mishaps": [replace(LOST, found=("sent", 1, 1))]}, "lost@school.example should be unknown."),
    ],
)
def test_each_flaw_is_said(flaw: dict[str, object], said: str) -> None:
    flawed = replace(GOOD, **flaw)  # type: ignore[arg-type]

    assert not flawed.is_good
    assert said in in_words(flawed)
