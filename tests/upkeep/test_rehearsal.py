"""Work that only takes time: it shows its progress, ends when it is told, and fails when it is asked to."""

from __future__ import annotations

import pytest

from edupulse.errors import Invalid
from edupulse.upkeep import rehearsal
from jobs import diagnostics


def test_it_says_what_it_has_done() -> None:
    assert rehearsal.work(0, 3, 0) == {"seconds": 0, "steps": 3}


def test_it_fails_at_the_step_it_is_asked_to() -> None:
    with pytest.raises(rehearsal.Rehearsed, match="step 2"):
        rehearsal.work(0, 3, 2)


@pytest.mark.parametrize("values", [(-1, 1, 0), (1501, 1, 0), (1, 0, 0), (1, 3, 4)])
def test_numbers_that_make_no_sense_are_refused(values: tuple[int, int, int]) -> None:
    with pytest.raises(Invalid):
        rehearsal.work(*values)


def test_each_step_is_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[tuple[int, int, str]] = []
    monkeypatch.setattr(rehearsal.progress, "report", lambda *facts: said.append(facts))

    diagnostics.long_running(seconds=0, steps=2)

    assert said == [(1, 2, "step 1 of 2"), (2, 2, "step 2 of 2")]


def test_it_stops_within_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(Exception):
        pass

    def stop() -> None:
        raise Stopped

    monkeypatch.setattr(rehearsal, "check_stop", stop)

    with pytest.raises(Stopped):
        rehearsal.work(1500, 1, 0)
