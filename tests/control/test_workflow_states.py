"""What begins and what never will, decided from the states of the steps alone."""

from __future__ import annotations

import random

import pytest

from edupulse.control.references import filled, named, without_results
from edupulse.control.step_states import StepState, decide, end_of, revived
from edupulse.errors import Invalid


def steps(*lines: str) -> list[StepState]:
    """Return steps from lines such as `c waiting a b` (needs a and b) or `d! waiting c` (always)."""
    made = []
    for number, line in enumerate(lines, 1):
        key, state, *needed = line.split()
        made.append(StepState(number, key.rstrip("!"), needed, key.endswith("!"), state))
    return made


@pytest.mark.parametrize(
    ("lines", "begins", "never"),
    [
        (("a waiting", "b waiting a"), [1], []),
        (("a running", "b waiting a"), [], []),
        (("a finished", "b waiting a"), [2], []),
        (("a finished", "b running", "c waiting a b"), [], []),
        (("a finished", "b finished", "c waiting a b"), [3], []),
        (("a failed", "b waiting a", "c waiting b"), [], [2, 3]),
        (("a failed", "b running", "c waiting a b"), [], []),
        (("a cancelled", "b finished", "c waiting a b"), [], [3]),
        (("a failed", "b! waiting a"), [2], []),
        (("a failed", "b waiting a", "c! waiting b"), [3], [2]),
        (("a failed", "b! finished a", "c waiting b"), [], [3]),
        (("a failed", "b running", "c waiting a b", "d! waiting c"), [], []),
        (("a running", "b cancelled a", "c! waiting b"), [], []),
        (("a running", "b! finished a", "c waiting b"), [], []),
    ],
)
def test_a_step_begins_when_all_it_needs_is_over_and_nothing_before_it_went_wrong(
    lines: tuple[str, ...], begins: list[int], never: list[int]
) -> None:
    assert decide(steps(*lines)) == (begins, never)


@pytest.mark.parametrize(
    ("states", "state"),
    [
        (["finished", "waiting"], "running"),
        (["failed", "running"], "running"),
        (["finished", "finished"], "finished"),
        (["finished", "cancelled", "failed"], "failed"),
        (["finished", "cancelled"], "cancelled"),
    ],
)
def test_the_whole_ends_as_the_worst_of_its_steps(states: list[str], state: str) -> None:
    assert end_of(states) == state


def test_whatever_ends_in_whatever_order_every_plan_comes_to_an_end() -> None:
    for seed in range(300):
        assert not _left_over(random.Random(seed))


def _left_over(chance: random.Random) -> list[StepState]:
    """Play a random plan, ending its running steps at random; return what is open when nothing runs."""
    plan = [
        StepState(
            n, str(n), [str(k) for k in range(n) if chance.random() < 0.3], chance.random() < 0.2, "waiting"
        )
        for n in range(12)
    ]
    while True:
        begins, never = decide(plan)
        assert not set(begins) & set(never)
        plan = [_moved(step, begins, never) for step in plan]
        running = [step.id for step in plan if step.state == "running"]
        if not running:
            return [step for step in plan if step.state == "waiting"]
        over = chance.choice(running)
        ending = chance.choice(["finished", "finished", "failed", "cancelled"])
        plan = [StepState(**{**vars(s), "state": ending}) if s.id == over else s for s in plan]


def _moved(step: StepState, begins: list[int], never: list[int]) -> StepState:
    state = "running" if step.id in begins else "cancelled" if step.id in never else step.state
    return StepState(**{**vars(step), "state": state})


def test_only_what_was_cancelled_behind_a_step_and_never_ran_waits_again() -> None:
    plan = steps("a failed", "b cancelled a", "c cancelled b", "d! finished a", "e cancelled")

    assert revived(plan, 1) == [2, 3]


def test_arguments_are_filled_with_results_and_parts_of_results() -> None:
    kept = {
        "whole": {"$result": {"of": "a", "path": []}},
        "part": [{"$result": {"of": "a", "path": ["list", 1]}}],
        "all": {"$results": {"of": ["b", "a"], "path": ["n"]}},
        "plain": {"x": 1},
    }

    known = {"a": {"list": [1, 2], "n": 3}}

    assert named(kept) == {"a", "b"}
    assert filled(kept, known) == {"whole": known["a"], "part": [2], "all": [None, 3], "plain": {"x": 1}}
    assert without_results(kept) == {"whole": None, "part": [None], "all": None, "plain": {"x": 1}}


@pytest.mark.parametrize("path", [["missing"], ["n", "deeper"], [0]])
def test_a_part_that_a_result_does_not_have_is_named(path: list[str | int]) -> None:
    with pytest.raises(Invalid, match=f"'a' has no {path[-1]!r}"):
        filled({"x": {"$result": {"of": "a", "path": path}}}, {"a": {"n": 3}})


def test_arguments_that_results_make_too_large_are_refused() -> None:
    with pytest.raises(Invalid, match="return its id"):
        filled({"x": {"$result": {"of": "a", "path": []}}}, {"a": "x" * 100_000})
