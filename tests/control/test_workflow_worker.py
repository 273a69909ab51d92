"""A workflow through a real worker and a real Redis, which forgets everything half-way."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from redis import Redis

from edupulse.clock import now
from edupulse.control import worker
from edupulse.control.reconcile import reconcile
from edupulse.control.workflow import chain, group, result_of, results, start, step
from tests.control.workflows import CATALOG, run_of, runs, state_of

pytestmark = pytest.mark.real_redis


def test_a_worker_takes_a_workflow_to_its_end_though_redis_was_emptied(
    app: Flask, real_redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.extensions["edupulse"], "catalog", CATALOG)
    members = group(*[step("t.say", word=number) for number in range(8)])
    last = step("t.say", key="last", word=results("word"), also=result_of("first")["word"])
    workflow = start("w", chain(step("t.say", key="first", word="go"), members, last))

    real_redis.flushall()
    for seconds in (60, 120):  # lost is what is missing twice
        reconcile(now() + timedelta(seconds=seconds))
    worker.run(app, ["default"], burst=True)

    assert state_of(workflow.id) == "finished"
    assert run_of(workflow.id, "last").result == {"word": list(range(8)), "also": "go"}
    assert [run.attempts for run in runs()] == [1] * 10
