"""A short cut of the scheduler's proofs: a sample of the steps, two real schedulers with a short lease."""

from __future__ import annotations

from datetime import datetime

import pytest

from edupulse.control import dispatch, firing
from edupulse.control.enqueue import enqueue
from edupulse.control.models import Schedule
from edupulse.transaction import transaction
from tests.proofs import scheduler_faults, scheduler_pair
from tests.proofs.faults import Fault

pytestmark = [pytest.mark.proof, pytest.mark.real_redis]


def test_a_fault_at_any_step_neither_loses_nor_doubles_an_occurrence() -> None:
    with scheduler_faults.stage() as scene:
        figures = scheduler_faults.strike_each_step(scene, every=29)

    assert figures.broken == {}, str(figures)
    assert set(figures.played) == {"outage", "bug", "kill", "stop"}


def test_the_proof_objects_to_a_scheduler_that_moves_on_and_accepts_in_two_transactions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def careless(name: str, moment: datetime) -> datetime | None:
        with transaction() as session:
            row = session.get_one(Schedule, name)
            if row.next_at > moment:
                return row.next_at
            decision = firing._decide(row, moment)
            firing._move_on(session, row, decision)
        for occurrence in decision.run:
            enqueue(row.job, occurrence_key=firing.occurrence_key(name, occurrence))
        return decision.next_at

    monkeypatch.setattr(dispatch, "fire", careless)
    with scheduler_faults.stage() as scene:
        without_fault = scheduler_faults.go_through(scene, Fault())
        faults = (Fault(step, after=True) for step in range(12, 40))
        objections = next(filter(None, (scheduler_faults.go_through(scene, fault) for fault in faults)), None)

    assert without_fault == []
    assert objections


def test_of_two_schedulers_one_leads_whatever_is_done_to_them() -> None:
    figures = scheduler_pair.compare(lease_seconds=1.5, brief=True)

    assert (figures.missing, figures.doubled) == ([], []), str(figures)
    assert figures.stepped_down
    assert (set(figures.exit_codes), figures.lock_left) == ({0}, False)
