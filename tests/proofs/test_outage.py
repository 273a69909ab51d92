"""A short cut of the outages: Redis is away for seconds, in the two ways that no other test shows."""

from __future__ import annotations

import pytest

from tests.proofs.outage import endure

pytestmark = [pytest.mark.proof, pytest.mark.real_redis, pytest.mark.timeout(180)]


@pytest.mark.parametrize("way", ["password", "failover"])
def test_work_is_accepted_while_redis_is_away_and_done_when_it_is_back(way: str) -> None:
    finding = endure(way, 3, brisk=True)

    assert finding.holds, str(finding)
