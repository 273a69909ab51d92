"""From the states of a workflow's steps follows what begins now, what never will, and how the whole has ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

OPEN = ("waiting", "running")
SPOILT = ("failed", "cancelled")


@dataclass(frozen=True)
class StepState:
    """What decides about a step."""

    id: int
    key: str
    needs: Sequence[str]
    always: bool
    state: str
    run_id: str | None = None


def has_candidates(open_steps: Sequence[StepState]) -> bool:
    """Say whether any step could begin, or never will, knowing only those that are not over.

    In a large group it mostly says no: then there is no need to look at all steps.
    """
    keys = {step.key for step in open_steps}
    return any(step.state == "waiting" and keys.isdisjoint(step.needs) for step in open_steps)


def decide(steps: Iterable[StepState]) -> tuple[list[int], list[int]]:
    """Return the ids of the waiting steps that begin now, and of those that never will.

    The steps come in the order of the plan, each after those it needs. One begins when all that stands before
    it is over, unless some of that has failed or was cancelled; `always` begins in any case, and mends nothing
    for those behind it.
    """
    begin: list[int] = []
    never: list[int] = []
    is_open: dict[
        str, bool
    ] = {}  # the step, or something before it: what was called off has not ended before that
    is_spoilt: dict[str, bool] = {}
    for step in steps:
        state = step.state
        open_before = any(is_open[key] for key in step.needs)
        spoilt_before = any(is_spoilt[key] for key in step.needs)
        if state == "waiting" and not open_before:
            state = "running" if step.always or not spoilt_before else "cancelled"
            (begin if state == "running" else never).append(step.id)
        is_open[step.key] = open_before or state in OPEN
        is_spoilt[step.key] = spoilt_before or state in SPOILT
    return begin, never


def end_of(states: Iterable[str]) -> str:
    """Return the state of a workflow whose steps have these: running | failed | cancelled | finished."""
    found = set(states)
    if found & set(OPEN):
        return "running"
    return next((state for state in SPOILT if state in found), "finished")


def revived(steps: Iterable[StepState], step_id: int) -> list[int]:
    """Return the ids of the steps behind this one that were cancelled before they had a run: they wait again."""
    behind: set[str] = set()
    ids = []
    for step in steps:
        if step.id == step_id:
            behind.add(step.key)
        elif behind & set(step.needs):
            behind.add(step.key)
            if step.state == "cancelled" and step.run_id is None:
                ids.append(step.id)
    return ids
