"""The life of a run: one claim, one outcome, no ghost."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from redis import Redis

from edupulse import clock
from edupulse.control import ledger
from edupulse.control.enqueue import enqueue
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.errors import Invalid, Unavailable


def stored(run_id: str) -> JobRun:
    run = db.session.get(JobRun, run_id, populate_existing=True)
    assert run is not None
    return run


def begun(name: str = "diagnostics.ping", worker: str = "w1") -> JobRun:
    run = ledger.begin(enqueue(name).id, worker)
    assert run is not None
    return run


def test_only_one_worker_may_begin_a_run(app: Flask, now: datetime) -> None:
    run_id = enqueue("diagnostics.ping").id

    first, second = ledger.begin(run_id, "w1"), ledger.begin(run_id, "w2")

    assert first is not None
    assert second is None
    assert (stored(run_id).state, stored(run_id).worker, stored(run_id).attempts) == ("started", "w1", 1)


def test_a_result_is_kept_as_plain_json(app: Flask, now: datetime) -> None:
    run = begun()

    assert ledger.finish(run, {"sent": 3})

    assert (stored(run.id).state, stored(run.id).result, stored(run.id).ended_at) == (
        "finished",
        {"sent": 3},
        now,
    )


def test_a_temporary_error_is_tried_again_later_and_then_no_more(app: Flask, now: datetime) -> None:
    run = begun()
    states = []
    for hour in range(1, 6):
        ledger.fail(run, ConnectionResetError("peer went away"))
        states.append(stored(run.id).state)
        ledger.release_due(now + timedelta(hours=hour))
        if again := ledger.begin(run.id, "w1"):
            run = again

    assert states == ["deferred", "deferred", "deferred", "failed", "failed"]
    assert stored(run.id).error_class == "ConnectionResetError"


def test_a_permanent_error_is_not_tried_again(app: Flask, now: datetime) -> None:
    run = begun()

    ledger.fail(run, Invalid("The address is not one."))

    assert stored(run.id).state == "failed"


def test_the_wait_that_the_other_side_asked_for_is_honoured(app: Flask, now: datetime) -> None:
    run = begun()

    ledger.fail(run, Unavailable("Slow down.", retry_after=90))

    assert stored(run.id).available_at == now + timedelta(seconds=90)


def test_a_deferred_run_waits_until_it_is_due(app: Flask, redis: Redis, now: datetime) -> None:
    run = begun()
    ledger.fail(run, Unavailable("Slow down.", retry_after=90))
    redis.flushall()

    assert ledger.release_due(now + timedelta(seconds=89)) == 0
    assert ledger.release_due(now + timedelta(seconds=90)) == 1

    assert stored(run.id).state == "queued"
    assert redis.lrange("rq:queue:default", 0, -1) == [run.id.encode()]


def test_a_secret_does_not_reach_the_recorded_traceback(app: Flask, now: datetime) -> None:
    run = begun()
    secret = app.extensions["edupulse"].settings.secret_key.reveal()

    ledger.fail(run, ValueError(f"could not log in with {secret}"))

    assert secret not in f"{stored(run.id).error_message}{stored(run.id).error_traceback}"
    assert "***" in (stored(run.id).error_message or "")


def test_a_dead_workers_run_is_queued_again(app: Flask, redis: Redis, now: datetime) -> None:
    run = begun()
    redis.flushall()

    assert ledger.interrupt("w1", now) == 1

    assert (stored(run.id).state, stored(run.id).error_class) == ("queued", "Interrupted")
    assert redis.lrange("rq:queue:default", 0, -1) == [run.id.encode()]


def test_a_run_that_keeps_losing_its_worker_fails_in_the_end(app: Flask, now: datetime) -> None:
    run_id = enqueue("diagnostics.ping").id
    for _ in range(4):
        ledger.begin(run_id, "w1")
        ledger.interrupt("w1", now)

    assert stored(run_id).state == "failed"


def test_a_late_result_of_a_worker_believed_dead_still_counts_once(app: Flask, now: datetime) -> None:
    run = begun()
    ledger.interrupt("w1", now)

    assert ledger.finish(run, "done after all")

    assert stored(run.id).state == "finished"
    assert ledger.begin(run.id, "w2") is None


def test_a_ghost_cannot_overwrite_the_attempt_that_replaced_it(app: Flask, now: datetime) -> None:
    ghost = begun()
    db.session.expunge(ghost)
    ledger.interrupt("w1", now)
    ledger.begin(ghost.id, "w2")

    assert not ledger.finish(ghost, "from the dead")

    assert (stored(ghost.id).state, stored(ghost.id).worker) == ("started", "w2")


@pytest.mark.parametrize("attempts", [1, 2, 3, 10])
def test_retries_spread_and_are_capped(attempts: int) -> None:
    delays = {round(ledger._retry_delay(attempts, OSError()), 3) for _ in range(50)}

    assert len(delays) > 10
    assert max(delays) <= min(600, 5 * 2 ** (attempts - 1))


def test_the_clock_is_the_only_source_of_times(app: Flask, now: datetime) -> None:
    run = begun()

    with clock.frozen(now + timedelta(hours=1)):
        ledger.finish(run, None)

    assert stored(run.id).ended_at == now + timedelta(hours=1)


def test_cutting_a_long_traceback_leaves_no_piece_of_a_secret(app: Flask, now: datetime) -> None:
    run = begun()
    secret = app.extensions["edupulse"].settings.secret_key.reveal()
    # The cut falls into the middle of the secret: its second half would stand at the start of what is kept.
    filler = "x" * (ledger.TRACEBACK_CHARACTERS - len(secret) // 2 - 1)

    ledger.fail(run, ValueError(secret + filler))

    assert secret[-5:] not in (stored(run.id).error_traceback or "")
