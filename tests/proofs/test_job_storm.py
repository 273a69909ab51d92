"""A short cut of the job storm: few jobs, few strikes, the same promise; and its judges are able to object."""

from __future__ import annotations

import pytest
from flask import Flask
from redis import Redis

from edupulse.control import ledger
from edupulse.control.enqueue import enqueue
from tests.proofs.job_storm import Storm, blow
from tests.proofs.leftovers import orphans

pytestmark = [pytest.mark.proof, pytest.mark.real_redis, pytest.mark.timeout(180)]


def test_every_job_ends_and_has_its_effect_once_although_everything_is_killed() -> None:
    finding = blow(Storm(jobs=300, kills=6, restarts=4, seconds=5, seed=11, brisk=True))

    assert finding.holds, str(finding)
    assert sum(finding.struck.values()) >= 8


def test_a_message_of_a_run_that_is_over_counts_as_an_orphan(sqlite_app: Flask, real_redis: Redis) -> None:
    waits, ended = enqueue("diagnostics.ping"), enqueue("diagnostics.ping")
    run = ledger.begin(ended.id, "w1")
    assert run is not None
    ledger.finish(run, None)

    found = orphans(real_redis)

    assert f"rq:queue:default {ended.id}" in found
    assert not [entry for entry in found if waits.id in entry]
