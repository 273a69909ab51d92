"""Several workers end the members of a group at the same moment: what follows begins, once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from edupulse.control import ledger
from edupulse.control.run import Outcome
from edupulse.control.workflow import cancel, group, results, start, step
from edupulse.testing import run_due
from tests.control.workflows import CATALOG, run_of, runs, state_of, states_of

MEMBERS = 6


@pytest.fixture(autouse=True)
def catalog(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(app.extensions["edupulse"], "catalog", CATALOG)
    return


def together(app: Flask, acts: Sequence[Callable[[], object]]) -> None:
    """Do all of them at the same moment, each in a thread with a connection of its own."""
    barrier = threading.Barrier(len(acts))

    def act(one: Callable[[], object]) -> None:
        with app.app_context():
            barrier.wait(30)
            one()

    with ThreadPoolExecutor(len(acts)) as threads:
        list(threads.map(act, acts))  # raises what any of them raised


def a_group() -> tuple[int, list[ledger.Run]]:
    """Start a group with a callback, and begin its members."""
    members = [step("t.say", word=number) for number in range(MEMBERS)]
    workflow = start("race", group(*members), then=step("t.say", key="then", also=results("word")))
    ids = [run.id for run in runs() if run.state == "queued"]
    return workflow.id, ledger.turn(ids, (), worker="w1")


@pytest.mark.parametrize("attempt", range(4))
def test_the_last_two_of_a_group_end_together_and_the_callback_begins_once(app: Flask, attempt: int) -> None:
    workflow_id, begun = a_group()

    together(app, [lambda run=run: ledger.finish(run, {"word": run.arguments["word"]}) for run in begun])

    (then,) = [run for run in runs() if run.state == "queued"]
    assert (then.id, then.arguments["also"]) == (run_of(workflow_id, "then").id, list(range(MEMBERS)))


def test_members_that_fail_together_cancel_the_callback_once_and_end_the_workflow(app: Flask) -> None:
    workflow_id, begun = a_group()

    together(app, [lambda run=run: ledger.write(Outcome(run, "failed")) for run in begun])

    assert states_of(workflow_id)["then"] == "cancelled"
    assert state_of(workflow_id) == "failed"


def test_a_workflow_that_is_cancelled_while_its_members_end_comes_to_an_end(app: Flask) -> None:
    workflow_id, begun = a_group()
    ends = [lambda run=run: ledger.finish(run, {"word": 1}) for run in begun]

    together(app, [*ends, lambda: cancel(workflow_id, actor="ada")])
    run_due()

    assert state_of(workflow_id) == "cancelled"
    assert not {"waiting", "running"} & set(states_of(workflow_id).values())


def test_a_turn_with_ends_from_several_workflows_is_written_however_they_are_mixed(app: Flask) -> None:
    first, second = a_group(), a_group()
    turns = [[*first[1][:3], *second[1][:3]], [*second[1][3:], *first[1][3:]]]

    def turn(mine: list[ledger.Run]) -> None:
        outcomes = [Outcome(run, "finished", {"word": 1}) for run in mine]
        for _ in range(3):  # as the worker's loop: an outcome is kept until it can be written
            try:
                ledger.turn((), outcomes, worker="w1")
                return
            except OperationalError:
                continue

    together(app, [lambda mine=mine: turn(mine) for mine in turns])

    callbacks = {run_of(workflow_id, "then").id for workflow_id, _ in (first, second)}
    assert {run.id for run in runs() if run.state == "queued"} == callbacks
