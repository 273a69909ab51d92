"""A unique key is held by a run and by nothing else: it cannot outlive it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import func, select

from edupulse.control import ledger
from edupulse.control.enqueue import enqueue
from edupulse.control.interrupted import interrupt
from edupulse.control.interruptions import Cancelled
from edupulse.control.models import JobRun
from edupulse.control.reconcile import reconcile
from edupulse.control.run import Outcome
from edupulse.database import db
from edupulse.errors import Conflict, Invalid
from tests.control.test_ledger import stored

PING = "diagnostics.ping"


def accept(if_exists: str = "skip") -> JobRun:
    return enqueue(PING, unique_key="month-end", if_exists=if_exists)


def test_skip_returns_the_run_that_has_the_key(app: Flask, now: datetime) -> None:
    first, second = accept(), accept()

    assert first.id == second.id
    assert db.session.scalar(select(func.count()).select_from(JobRun)) == 1


def test_error_says_which_run_has_the_key(app: Flask, now: datetime) -> None:
    first = accept()

    with pytest.raises(Conflict) as caught:
        accept("error")

    assert caught.value.facts == {"run_id": first.id}


def test_replace_takes_the_place_of_a_run_that_has_not_begun(app: Flask, now: datetime) -> None:
    first, second = accept(), accept("replace")

    assert (stored(first.id).state, stored(first.id).error_class) == ("cancelled", "Replaced")
    assert (stored(second.id).state, stored(second.id).unique_key) == ("queued", "month-end")
    assert ledger.begin(first.id, "w1") is None


def test_a_run_that_has_begun_is_not_replaced(app: Flask, now: datetime) -> None:
    first = accept()
    ledger.begin(first.id, "w1")

    with pytest.raises(Conflict):
        accept("replace")

    assert stored(first.id).state == "started"


def test_another_word_is_refused_with_the_known_ones(app: Flask, now: datetime) -> None:
    with pytest.raises(Invalid, match="skip, replace, error"):
        accept("wait")


@pytest.mark.parametrize(
    "outcome",
    [
        lambda run: Outcome(run, "finished"),
        lambda run: Outcome.of_error(run, Invalid("never")),
        lambda run: Outcome.of_error(run, Cancelled("by ann")),
    ],
)
def test_the_key_is_free_when_the_run_is_over(app: Flask, now: datetime, outcome: object) -> None:
    first = accept()
    run = ledger.begin(first.id, "w1")

    ledger.turn([], [outcome(run)], worker="w1")  # type: ignore[operator]

    assert accept("error").id != first.id


def test_the_key_is_held_while_the_run_waits_for_its_next_try(app: Flask, now: datetime) -> None:
    first = accept()
    run = ledger.begin(first.id, "w1")
    assert run is not None
    ledger.fail(run, OSError("again"))

    assert stored(first.id).state == "deferred"
    assert accept().id == first.id


def test_after_a_crash_the_key_goes_on_with_its_run_and_nothing_else_holds_it(
    app: Flask, redis: Redis, now: datetime
) -> None:
    first = accept()
    ledger.begin(first.id, "w1")
    redis.flushall()  # whatever a lock in Redis would have been
    interrupt("w1", now)

    held = accept().id
    again = ledger.begin(first.id, "w2")
    assert again is not None
    ledger.finish(again, None)

    assert held == first.id
    assert accept("error").id != first.id


def test_a_key_does_not_stay_with_a_run_that_nobody_can_work_on(app: Flask, now: datetime) -> None:
    first = accept()
    catalog = app.extensions["edupulse"].catalog
    app.extensions["edupulse"].catalog = type(catalog).of(
        one for one in catalog.specs.values() if one.name != PING
    )
    try:
        reconcile(now + timedelta(hours=2))
    finally:
        app.extensions["edupulse"].catalog = catalog

    assert stored(first.id).state == "failed"
    assert accept("error").id != first.id
