"""A short cut of the campaign storm: few people, few kills, the same promise; and its judge is able to object."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.proofs.campaign_storm import Finding, Storm, blow
from tests.proofs.mail_stack import Dead, Kill

GOOD = Finding(
    storm=Storm(recipients=3, kills=1, seed=1),
    struck={"SIGKILL worker": 1},
    kills=[Kill("worker", (Dead(pid=9, worker=7, connections=1),))],
    copies=3,
    doubled=[],
    missing=[],
    untrue=[],
    states={"sent": 2, "unknown": 1},
    unknown=[("ann@school.example", 7)],
    campaign="finished_with_failures",
    standstill=1.0,
    finished_after=2.0,
    ended_alone=[],
)


@pytest.mark.proof
@pytest.mark.real_redis
@pytest.mark.timeout(180)
def test_everybody_gets_the_campaign_once_although_everything_is_killed() -> None:
    finding = blow(Storm(recipients=400, kills=8, seed=5, brisk=True))

    assert finding.holds, str(finding)
    assert len(finding.kills) == 8


def test_one_in_doubt_for_each_killed_connection_is_the_price_of_a_kill() -> None:
    assert GOOD.holds
    assert "ann@school.example: worker 7, killed with 1 connections" in str(GOOD)


@pytest.mark.parametrize(
    "flaw",
    [
        {"doubled": ["li@school.example"]},
        {"missing": ["li@school.example"]},
        {"untrue": ["li@school.example sent"]},
        {"states": {"sent": 2}},
        {"unknown": [("ann@school.example", 7), ("li@school.example", 7)]},
        {"unknown": [("ann@school.example", 8)]},
        {"campaign": "running"},
        {"standstill": 61.0},
        {"finished_after": None},
        {"ended_alone": ["worker-0 (1)"]},
    ],
)
def test_the_judge_objects_to_each_flaw(flaw: dict[str, object]) -> None:
    assert not replace(GOOD, **flaw).holds  # type: ignore[arg-type]
