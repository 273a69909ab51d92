"""The life of a run: one claim, one outcome, no ghost."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy.exc import OperationalError

from edupulse import clock
from edupulse.control import ledger, outcomes
from edupulse.control.enqueue import enqueue, enqueue_many
from edupulse.control.interrupted import interrupt
from edupulse.control.interruptions import Cancelled, SoftTimeLimitExceeded, TimeLimitExceeded, WorkerStopping
from edupulse.control.models import JobRun, Pause
from edupulse.control.run import TRACEBACK_CHARACTERS, Failure, Outcome, Run
from edupulse.database import db
from edupulse.errors import Invalid, Unavailable
from edupulse.transaction import transaction
from tests.control.schedules import spec, use

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
QUEUE = "rq:queue:default"


def stored(run_id: str) -> JobRun:
    db.session.rollback()  # ends an older snapshot
    return db.session.get_one(JobRun, run_id, populate_existing=True)


def begun(name: str = "diagnostics.ping", worker: str = "w1") -> Run:
    run = ledger.begin(enqueue(name).id, worker)
    assert run is not None
    return run


def pause(scope: str, name: str, moment: datetime, until: datetime | None = None) -> None:
    with transaction() as session:
        session.add(Pause(scope=scope, name=name, actor="ann", created_at=moment, until=until))


# Claims


def test_only_one_worker_may_begin_a_run(app: Flask, now: datetime) -> None:
    run_id = enqueue("diagnostics.ping").id

    first, second = ledger.begin(run_id, "w1"), ledger.begin(run_id, "w2")

    assert first is not None
    assert second is None
    assert (stored(run_id).state, stored(run_id).worker, stored(run_id).attempts) == ("started", "w1", 1)


def test_what_is_begun_is_what_the_ledger_says(app: Flask, now: datetime) -> None:
    accepted = enqueue("diagnostics.ping", note="from the row", actor="ann@school.example")

    run = ledger.begin(accepted.id, "w1")

    assert run == Run(
        id=accepted.id,
        name="diagnostics.ping",
        queue="default",
        arguments={"note": "from the row"},
        attempts=1,
        max_attempts=4,
        actor="ann@school.example",
    )


def test_one_turn_writes_several_ends_and_begins_several_runs(app: Flask, now: datetime) -> None:
    done, failed, stopped, given_back = (begun() for _ in range(4))
    waiting = enqueue_many("diagnostics.ping", [{}, {}])
    outcomes = [
        Outcome(done, "finished", {"sent": 3}),
        Outcome.of_error(failed, Invalid("never")),
        Outcome.of_error(stopped, Cancelled("Stopped by ann.")),
        Outcome.of_error(given_back, WorkerStopping("The worker had to end.")),
    ]

    ours = ledger.turn([*waiting, "unknown", done.id], outcomes, worker="w1")

    assert sorted(run.id for run in ours) == sorted(waiting)
    assert [stored(run.id).state for run in (done, failed, stopped, given_back)] == [
        "finished",
        "failed",
        "cancelled",
        "queued",
    ]
    assert stored(done.id).result == {"sent": 3}


def test_a_turn_that_could_not_be_committed_changes_nothing(
    app: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    done, waiting = begun(), enqueue("diagnostics.ping").id

    def gone() -> None:
        raise OperationalError("commit", {}, Exception("server closed the connection"))

    with monkeypatch.context() as outage:
        outage.setattr(db.session(), "commit", gone)
        with pytest.raises(OperationalError):
            ledger.turn([waiting], [Outcome(done, "finished")], worker="w1")

    assert (stored(done.id).state, stored(waiting).state) == ("started", "queued")


def test_a_turn_whose_answer_was_lost_may_be_told_again(app: Flask, now: datetime) -> None:
    done, waiting = begun(), enqueue("diagnostics.ping").id
    outcomes = [Outcome(done, "finished", 1)]
    ledger.turn([waiting], outcomes, worker="w1")

    again = ledger.turn([waiting], outcomes, worker="w1")

    assert again == []  # the worker's audit gives it back
    assert (stored(done.id).result, stored(waiting).attempts) == (1, 1)


@pytest.mark.parametrize(("scope", "name"), [("queue", "default"), ("job", "diagnostics.ping")])
def test_what_is_paused_is_not_begun(app: Flask, now: datetime, scope: str, name: str) -> None:
    run_id = enqueue("diagnostics.ping").id
    pause(scope, name, now)

    assert ledger.begin(run_id, "w1") is None
    assert stored(run_id).state == "queued"


def test_a_pause_of_something_else_holds_nothing(app: Flask, now: datetime) -> None:
    pause("queue", "diagnostics.ping", now)
    pause("job", "default", now)

    assert begun()


def test_a_pause_ends_at_its_instant_whoever_cleans_up(app: Flask, now: datetime) -> None:
    run_id = enqueue("diagnostics.ping").id
    pause("queue", "default", now, until=now + MINUTE)

    before = ledger.begin(run_id, "w1")
    with clock.frozen(now + MINUTE):
        after = ledger.begin(run_id, "w1")

    assert before is None
    assert after is not None


def test_what_runs_is_not_touched_by_a_pause(app: Flask, now: datetime) -> None:
    run = begun()
    pause("queue", "default", now)

    assert ledger.finish(run, "done")


# Ends


def test_a_result_is_kept_as_plain_json(app: Flask, now: datetime) -> None:
    run = begun()

    assert ledger.finish(run, {"sent": 3})

    assert (stored(run.id).state, stored(run.id).result, stored(run.id).ended_at) == (
        "finished",
        {"sent": 3},
        now,
    )


@pytest.mark.parametrize("result", [object(), {1, 2}, {"at": datetime(2026, 3, 12)}])
def test_a_result_that_is_not_json_is_kept_as_it_looks(app: Flask, now: datetime, result: object) -> None:
    run = begun()

    ledger.turn([], [Outcome(run, "finished", result)], worker="w1")

    assert stored(run.id).result == repr(result)


def test_an_outcome_that_the_job_has_written_itself_is_not_written_again(app: Flask, now: datetime) -> None:
    run = begun()
    ledger.finish(run, "first")

    ledger.turn([], [Outcome(run, "failed", failure=Failure("Late", ""), written=True)], worker="w1")

    assert (stored(run.id).state, stored(run.id).result) == ("finished", "first")


def test_a_ghost_cannot_overwrite_the_attempt_that_replaced_it(app: Flask, now: datetime) -> None:
    ghost = begun()
    interrupt("w1", now)
    ledger.begin(ghost.id, "w2")

    finished = ledger.finish(ghost, "from the dead")
    failed = ledger.fail(ghost, OSError("from the dead"))
    ledger.turn([], [Outcome(ghost, "finished", "from the dead")], worker="w1")

    assert (finished, failed) == (False, False)
    assert (stored(ghost.id).state, stored(ghost.id).worker) == ("started", "w2")


def test_the_clock_is_the_only_source_of_times(app: Flask, now: datetime) -> None:
    run = begun()

    with clock.frozen(now + timedelta(hours=1)):
        ledger.finish(run, None)

    assert stored(run.id).ended_at == now + timedelta(hours=1)


# Failures and retries


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


def test_a_retry_by_hand_may_add_to_the_tries(app: Flask, now: datetime) -> None:
    run_id = enqueue("diagnostics.ping").id
    with transaction() as session:
        session.get_one(JobRun, run_id).max_attempts = 1
    last = ledger.begin(run_id, "w1")
    assert last is not None

    ledger.fail(last, OSError("once"))

    assert stored(run_id).state == "failed"


@pytest.mark.parametrize("error", [Invalid("no address"), SoftTimeLimitExceeded("25 minutes")])
def test_a_permanent_error_is_not_tried_again(app: Flask, now: datetime, error: Exception) -> None:
    run = begun()

    ledger.fail(run, error)

    assert stored(run.id).state == "failed"


def test_a_job_may_name_errors_that_trying_again_cannot_mend(
    app: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(app, monkeypatch, spec("a.job", permanent=(LookupError,)))
    hopeless, hopeful = begun("a.job"), begun("a.job")

    ledger.fail(hopeless, KeyError("x"))
    ledger.fail(hopeful, OSError("x"))

    assert (stored(hopeless.id).state, stored(hopeful.id).state) == ("failed", "deferred")


@pytest.mark.parametrize(
    ("error", "state"), [(TimeLimitExceeded("30 min"), "failed"), (Cancelled("by ann"), "cancelled")]
)
def test_an_interruption_is_not_tried_again(
    app: Flask, now: datetime, error: BaseException, state: str
) -> None:
    run = begun()

    ledger.fail(run, error)

    assert (stored(run.id).state, stored(run.id).error_class) == (state, type(error).__name__)


@pytest.mark.parametrize(
    ("policy", "state"), [("retry", "queued"), ("fail", "failed"), ("ask", "interrupted")]
)
def test_a_worker_that_must_end_gives_its_run_back_by_the_policy(
    app: Flask, redis: Redis, now: datetime, monkeypatch: pytest.MonkeyPatch, policy: str, state: str
) -> None:
    use(app, monkeypatch, spec("a.job", on_interrupt=policy))
    run = begun("a.job")
    redis.flushall()

    ledger.fail(run, WorkerStopping("The worker had to end."))

    assert (stored(run.id).state, stored(run.id).deaths) == (state, 0)
    assert redis.llen(QUEUE) == (state == "queued")


def test_the_wait_that_the_other_side_asked_for_is_honoured(app: Flask, now: datetime) -> None:
    run = begun()

    ledger.fail(run, Unavailable("Slow down.", retry_after=90))

    assert stored(run.id).available_at == now + 90 * SECOND


def test_a_deferred_run_waits_until_it_is_due(app: Flask, redis: Redis, now: datetime) -> None:
    run = begun()
    ledger.fail(run, Unavailable("Slow down.", retry_after=90))
    redis.flushall()

    assert ledger.release_due(now + 89 * SECOND) == 0
    assert ledger.release_due(now + 90 * SECOND) == 1

    assert stored(run.id).state == "queued"
    assert redis.lrange(QUEUE, 0, -1) == [run.id.encode()]


def test_a_delayed_job_waits_as_long_as_it_was_told(app: Flask, redis: Redis, now: datetime) -> None:
    run = enqueue("diagnostics.ping", not_before=now + MINUTE, priority=1)

    early = ledger.release_due(now + 59 * SECOND), ledger.begin(run.id, "w1")
    on_time = ledger.release_due(now + MINUTE)

    assert early == (0, None)
    assert on_time == 1
    assert redis.lrange(f"{QUEUE}-high", 0, -1) == [run.id.encode()]


@pytest.mark.parametrize("attempts", [1, 2, 3, 10])
def test_retries_spread_and_are_capped(attempts: int) -> None:
    delays = [delay_of(attempts) for _ in range(50)]

    assert len(set(delays)) > 10
    assert min(delays) >= 1
    assert max(delays) <= min(outcomes.LAST_RETRY_SECONDS, outcomes.FIRST_RETRY_SECONDS * 2 ** (attempts - 1))


@pytest.mark.parametrize("attempts", [1, 2, 3, 4, 8])
def test_of_a_thousand_that_fail_together_no_second_gets_more_than_a_twentieth(attempts: int) -> None:
    per_second: dict[int, int] = {}
    for _ in range(1000):
        second = int(delay_of(attempts))
        per_second[second] = per_second.get(second, 0) + 1

    assert max(per_second.values()) <= 50


def delay_of(attempts: int) -> float:
    run = Run("id", "a.job", "default", {}, attempts, max_attempts=attempts + 1)
    delay = outcomes.retry_delay(Outcome(run, "failed", failure=Failure("OSError", "", temporary=True)))
    assert delay is not None
    return delay


# Secrets


def test_a_secret_does_not_reach_the_recorded_traceback(app: Flask, now: datetime) -> None:
    run = begun()
    secret = app.extensions["edupulse"].settings.secret_key.reveal()

    ledger.fail(run, ValueError(f"could not log in with {secret}"))

    assert secret not in f"{stored(run.id).error_message}{stored(run.id).error_traceback}"
    assert "***" in (stored(run.id).error_message or "")


def test_cutting_a_long_traceback_leaves_no_piece_of_a_secret(app: Flask, now: datetime) -> None:
    run = begun()
    secret = app.extensions["edupulse"].settings.secret_key.reveal()
    # The cut falls into the middle of the secret: its second half would stand at the start of what is kept.
    filler = "x" * (TRACEBACK_CHARACTERS - len(secret) // 2 - 1)

    ledger.fail(run, ValueError(secret + filler))

    assert secret[-5:] not in (stored(run.id).error_traceback or "")


def test_a_run_that_was_given_back_unbegun_keeps_its_place_and_its_tries(app: Flask, now: datetime) -> None:
    run = begun()
    before = stored(run.id)
    since, tries = before.available_at, before.max_attempts

    ledger.turn([], [Outcome(run, "returned")], worker="w1")

    row = stored(run.id)
    assert (row.state, row.worker, row.started_at, row.error_class) == ("queued", None, None, None)
    assert (row.available_at, row.attempts, row.max_attempts) == (since, 0, tries)


def test_a_run_that_was_given_back_unbegun_twice_is_not_taken_from_the_next_worker(
    app: Flask, now: datetime
) -> None:
    run = begun()
    ledger.turn([], [Outcome(run, "returned")], worker="w1")
    ledger.begin(run.id, "w2")

    ledger.turn([], [Outcome(run, "returned")], worker="w1")  # the answer to the first was lost

    assert (stored(run.id).state, stored(run.id).worker) == ("started", "w2")


def test_a_run_whose_attempt_fails_after_somebody_cancelled_it_is_not_tried_again(
    app: Flask, now: datetime
) -> None:
    run = begun()
    with transaction() as session:
        session.get_one(JobRun, run.id).cancel_requested_at = now

    ledger.fail(run, ConnectionResetError("peer went away"))

    assert (stored(run.id).state, stored(run.id).error_class) == ("cancelled", "ConnectionResetError")
