"""A workflow from its start to its end in the ledger, whatever becomes of its steps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import func, select

from edupulse.accounts.audit import entries_of
from edupulse.control import actions, ledger
from edupulse.control.catalog import Catalog
from edupulse.control.models import Workflow, WorkflowStep
from edupulse.control.reconcile import reconcile
from edupulse.control.workflow import (
    Part,
    cancel,
    chain,
    group,
    result_of,
    result_of_previous,
    results,
    start,
    step,
)
from edupulse.database import db
from edupulse.errors import Conflict, Invalid, NotFound
from edupulse.testing import run_due
from edupulse.transaction import transaction
from tests.control.workflows import CATALOG, broken, run_of, runs, state_of, states_of


@pytest.fixture(autouse=True)
def catalog(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(app.extensions["edupulse"], "catalog", CATALOG)
    broken.clear()
    yield
    broken.clear()


def say(key: str, always: bool = False, **arguments: object) -> Part:
    return step("t.say", key=key, always=always, word=key, **arguments)


def work() -> list[str]:
    """Do everything that is due; return the words of the runs in the order they were done."""
    return [run.arguments.get("word", "") for run in run_due(raising=False)]


def _begun(run_id: str) -> ledger.Run:
    run = ledger.begin(run_id, "w1")
    assert run is not None
    return run


def test_a_chain_runs_in_its_order_and_each_step_has_the_result_of_the_one_before() -> None:
    workflow = start(
        "w", chain(say("a"), say("b", also=result_of_previous), say("c", also=result_of("a")["word"]))
    )

    assert work() == ["a", "b", "c"]
    assert run_of(workflow.id, "b").arguments["also"] == {"word": "a", "also": None}
    assert run_of(workflow.id, "c").arguments["also"] == "a"
    assert state_of(workflow.id) == "finished"


def test_only_the_first_steps_have_runs_at_the_start(redis: Redis) -> None:
    workflow = start("w", chain(group(say("a"), say("b")), say("c")), actor="ada@school.example")

    assert states_of(workflow.id) == {"a": "running", "b": "running", "c": "waiting"}
    assert {run.actor for run in runs()} == {"ada@school.example"}
    assert redis.llen("rq:queue:default") == 2


def test_when_all_of_a_group_are_done_the_callback_runs_once_with_their_results() -> None:
    workflow = start("w", group(say("a"), chain(say("b"), say("c"))), then=say("d", also=results("word")))

    assert sorted(work()) == ["a", "b", "c", "d"]
    assert run_of(workflow.id, "d").arguments["also"] == ["a", "c"]
    assert (state_of(workflow.id), len(runs())) == ("finished", 4)


def test_what_fails_cancels_what_needs_it_and_nothing_else() -> None:
    broken.add("b")
    workflow = start(
        "w", group(chain(say("a"), say("b"), say("c")), chain(say("x"), say("y"))), then=say("end")
    )

    work()

    assert states_of(workflow.id) == {
        "a": "finished",
        "b": "failed",
        "c": "cancelled",
        "x": "finished",
        "y": "finished",
        "end": "cancelled",
    }
    assert state_of(workflow.id) == "failed"


def test_a_step_that_runs_always_runs_after_a_failure_and_mends_nothing() -> None:
    broken.add("a")
    tidy = say("tidy", always=True, also=result_of("a"))
    workflow = start("w", chain(say("a"), say("b"), tidy, say("c")))

    work()

    assert states_of(workflow.id) == {"a": "failed", "b": "cancelled", "tidy": "finished", "c": "cancelled"}
    assert run_of(workflow.id, "tidy").arguments["also"] is None


def test_a_run_that_is_tried_again_by_itself_keeps_the_workflow_waiting() -> None:
    workflow = start("w", chain(step("t.flaky"), say("a")))

    work()

    assert states_of(workflow.id) == {"t.flaky": "running", "a": "waiting"}
    assert state_of(workflow.id) == "running"


def test_after_a_retry_by_hand_the_workflow_goes_on_to_its_end() -> None:
    broken.add("a")
    workflow = start("w", chain(say("a"), say("b", also=result_of_previous["word"]), say("c", always=True)))
    work()
    broken.clear()

    actions.retry(run_of(workflow.id, "a").id, "ada")
    assert states_of(workflow.id) == {"a": "running", "b": "waiting", "c": "finished"}
    assert (state_of(workflow.id), db.session.get_one(Workflow, workflow.id).ended_at) == ("running", None)

    assert work() == ["a", "b"]
    assert state_of(workflow.id) == "finished"


def test_a_retry_after_two_failures_leaves_the_callback_cancelled_until_both_are_mended() -> None:
    broken.update(("a", "b"))
    workflow = start("w", group(say("a"), say("b")), then=say("c"))
    work()
    broken.clear()

    actions.retry(run_of(workflow.id, "a").id, "ada")
    work()
    assert (state_of(workflow.id), states_of(workflow.id)["c"]) == ("failed", "cancelled")

    actions.retry(run_of(workflow.id, "b").id, "ada")
    work()
    assert set(states_of(workflow.id).values()) == {"finished"}


def test_cancelling_a_waiting_run_cancels_what_needs_it() -> None:
    workflow = start("w", chain(say("a"), say("b")))

    actions.cancel(run_of(workflow.id, "a").id, "ada")

    assert states_of(workflow.id) == {"a": "cancelled", "b": "cancelled"}
    assert state_of(workflow.id) == "cancelled"


def test_a_cancelled_workflow_begins_nothing_more() -> None:
    workflow = start("w", chain(group(say("a"), say("b")), say("c")))

    assert cancel(workflow.id, actor="ada", reason="wrong month") == 3

    assert set(states_of(workflow.id).values()) == {"cancelled"}
    assert state_of(workflow.id) == "cancelled"
    assert work() == []
    (entry,) = entries_of(f"workflow:{workflow.id}")
    assert entry.detail == {
        "reason": "wrong month",
        "before": {"state": "running"},
        "after": {"never_to_begin": 1, "asked_to_stop": 2},
    }


def test_cancelling_asks_what_runs_to_stop_and_still_tidies_up_after_it() -> None:
    workflow = start("w", chain(say("a"), say("b"), say("tidy", always=True)))
    run = ledger.begin(run_of(workflow.id, "a").id, "w1")
    assert run is not None

    cancel(workflow.id, actor="ada")

    assert run_of(workflow.id, "a").cancel_requested_at is not None
    assert states_of(workflow.id) == {"a": "running", "b": "cancelled", "tidy": "waiting"}
    ledger.write(ledger.Outcome(run, "cancelled"))
    assert work() == ["tidy"]
    assert state_of(workflow.id) == "cancelled"


def test_what_is_over_cannot_be_cancelled() -> None:
    workflow = start("w", say("a"))
    work()

    with pytest.raises(Conflict, match="finished already"):
        cancel(workflow.id, actor="ada")


def test_an_unknown_workflow_cannot_be_cancelled() -> None:
    with pytest.raises(NotFound, match="no workflow 7"):
        cancel(7, actor="ada")


def test_a_step_whose_arguments_cannot_be_had_fails_and_the_step_before_stays_finished() -> None:
    part = chain(say("a"), say("b", also=result_of_previous["nope"]), say("c"), say("d", always=True))
    workflow = start("w", part)

    work()

    assert states_of(workflow.id) == {"a": "finished", "b": "failed", "c": "cancelled", "d": "finished"}
    refused = run_of(workflow.id, "b")
    assert (refused.state, refused.error_class, refused.attempts) == ("failed", "Invalid", 0)
    assert "The result of the step 'a' has no 'nope'" in str(refused.error_message)


def test_a_result_that_is_too_large_to_pass_on_fails_the_step_that_wants_it() -> None:
    workflow = start("w", chain(step("t.long"), say("a", also=result_of_previous)))

    work()

    assert states_of(workflow.id) == {"t.long": "finished", "a": "failed"}
    assert "too large to keep" in str(run_of(workflow.id, "a").error_message)


def test_a_job_that_has_left_the_catalog_fails_its_step_and_runs_when_it_is_back(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow = start("w", chain(say("x"), say("a", also=result_of_previous["word"])))
    runtime = app.extensions["edupulse"]
    run = _begun(run_of(workflow.id, "x").id)
    monkeypatch.setattr(runtime, "catalog", Catalog.of([]))
    ledger.finish(run, {"word": "x"})
    assert "no job named 't.say'" in str(run_of(workflow.id, "a").error_message)

    monkeypatch.setattr(runtime, "catalog", CATALOG)
    actions.retry(run_of(workflow.id, "a").id, "ada")
    work()

    assert run_of(workflow.id, "a").result == {"word": "a", "also": "x"}
    assert state_of(workflow.id) == "finished"


def test_retrying_a_step_whose_arguments_still_cannot_be_had_is_refused_and_changes_nothing() -> None:
    workflow = start("w", chain(say("a"), say("b", also=result_of_previous["nope"])))
    work()

    with pytest.raises(Invalid, match="has no 'nope'"):
        actions.retry(run_of(workflow.id, "b").id, "ada")

    assert (run_of(workflow.id, "b").state, state_of(workflow.id)) == ("failed", "failed")


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        (step("t.sya"), "no job named 't.sya'. Known: t.say"),
        (chain(say("a"), step("t.say", wrod=result_of_previous)), "unexpected keyword argument 'wrod'"),
        (step("t.say", word=object()), "plain JSON values"),
        (step("t.awkward"), "its parameter 'always' is one of step's own"),
    ],
)
def test_what_could_never_run_is_refused_at_the_start_and_leaves_nothing(part: Part, sentence: str) -> None:
    with pytest.raises(Invalid) as caught:
        start("w", chain(say("first"), part))

    assert sentence in str(caught.value)
    assert db.session.scalar(select(func.count()).select_from(WorkflowStep)) == 0
    assert runs() == []


@pytest.mark.parametrize("name", ["", "x" * 101])
def test_a_workflow_needs_a_name(name: str) -> None:
    with pytest.raises(Invalid, match="needs a name"):
        start(name, say("a"))


def test_a_start_that_is_rolled_back_leaves_neither_rows_nor_messages(redis: Redis) -> None:
    with pytest.raises(RuntimeError), transaction():
        start("w", say("a"))
        raise RuntimeError

    assert (runs(), redis.llen("rq:queue:default")) == ([], 0)


def test_a_workflow_survives_the_loss_of_everything_in_redis(redis: Redis, now: object) -> None:
    workflow = start("w", chain(say("a"), say("b")))
    first = run_of(workflow.id, "a")
    ledger.finish(_begun(first.id), {"word": "a"})
    redis.flushall()

    for _ in range(2):  # lost is what is missing twice
        reconcile(run_of(workflow.id, "b").available_at.replace(year=2027))

    assert redis.lrange("rq:queue:default", 0, -1) == [run_of(workflow.id, "b").id.encode()]


def test_the_end_of_a_run_that_is_told_twice_begins_nothing_twice() -> None:
    workflow = start("w", chain(say("a"), say("b")))
    run = _begun(run_of(workflow.id, "a").id)

    assert [ledger.finish(run, None), ledger.finish(run, None)] == [True, False]

    assert [run.arguments["word"] for run in runs() if run.state == "queued"] == ["b"]


def test_the_end_of_a_step_and_the_begin_of_the_next_are_one_commit() -> None:
    workflow = start("w", chain(say("a"), say("b")))
    run = _begun(run_of(workflow.id, "a").id)

    with pytest.raises(RuntimeError), transaction():
        ledger.finish(run, None)
        raise RuntimeError

    assert states_of(workflow.id) == {"a": "running", "b": "waiting"}
    assert [run.state for run in runs()] == ["started"]
