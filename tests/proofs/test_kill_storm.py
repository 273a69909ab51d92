"""A short cut of the kill storm: few reminders, few kills, the same promise."""

from __future__ import annotations

import pytest

from tests.proofs.kill_storm import Storm, blow

pytestmark = [pytest.mark.proof, pytest.mark.real_redis, pytest.mark.timeout(180)]


def test_everybody_gets_one_mail_although_processes_are_killed() -> None:
    finding = blow(Storm(reminders=60, kills=6, seconds=8, seed=7))

    assert finding.holds, str(finding)
