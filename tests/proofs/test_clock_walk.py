"""A short cut of the clock walk: the telling zones, the same comparison; and the oracle is able to object."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.proofs import clock_walk

pytestmark = pytest.mark.proof


def test_schedules_and_lessons_keep_the_rule_in_the_telling_zones() -> None:
    figures = clock_walk.walk(clock_walk.TELLING, closely=2)

    assert figures.holds, str(figures)
    assert figures.zones == len(clock_walk.TELLING)
    assert figures.changes >= 60


def test_the_walk_objects_to_a_schedule_that_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    ask = clock_walk.next_occurrence
    monkeypatch.setattr(
        clock_walk, "next_occurrence", lambda rule, after: ask(rule, after + timedelta(hours=1))
    )

    figures = clock_walk.walk(["Europe/Berlin"], closely=1)

    assert not figures.holds
    assert "instead of" in str(figures)
