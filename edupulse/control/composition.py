"""Steps, chains and groups, put together in any way, become a flat plan: which step needs which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edupulse.control.references import named, written
from edupulse.errors import Invalid

STEPS_MOST = 1000  # of one workflow: at the end of each step all of them are looked at
KEY_LONGEST = 60  # characters


@dataclass(frozen=True)
class Step:
    """One job of a workflow; `always` lets it run also when something before it has failed."""

    job: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""
    always: bool = False


@dataclass(frozen=True)
class Chain:
    """Parts that run one after the other."""

    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Group:
    """Parts that may run at the same time."""

    parts: tuple[Part, ...]


Part = Step | Chain | Group


def step(job: str, /, *, key: str = "", always: bool = False, **arguments: Any) -> Step:
    """Return one step: a job of the catalog and its arguments.

    Its `key`, by default the job's name, is how `result_of` finds it. `always` lets it run also when something
    before it has failed or was cancelled; results that are missing are None then.
    """
    return Step(job, arguments, key, always)


def chain(*parts: Part) -> Chain:
    """Return `parts` one after the other: each begins when the one before is over."""
    return Chain(parts)


def group(*parts: Part) -> Group:
    """Return `parts` side by side: what follows begins when all of them are over."""
    return Group(parts)


@dataclass(frozen=True)
class Planned:
    """A step as the ledger keeps it: its arguments with references written out, and the keys it needs."""

    key: str
    job: str
    arguments: dict[str, Any]
    needs: tuple[str, ...]
    always: bool


def plan(part: Part) -> list[Planned]:
    """Return the steps of `part`, each after those it needs; raises Invalid, saying what to write instead."""
    planner = _Planner()
    planner.add(part, _Place())
    if not planner.planned:
        raise Invalid("The workflow has no step.", cure="Give it at least one step(...).")
    return list(planner.planned.values())


@dataclass(frozen=True)
class _Place:
    """What must be over at a place of the plan, and whose results stand right before it.

    They differ behind an empty group: what follows still waits for what came before, and has no results.
    """

    needs: tuple[str, ...] = ()
    previous: tuple[str, ...] = ()


class _Planner:
    """Knows the steps that stand before the one that is looked at."""

    def __init__(self) -> None:
        self.planned: dict[str, Planned] = {}
        self._before: dict[str, frozenset[str]] = {}  # each step's own and all earlier keys on the way to it

    def add(self, part: Part, place: _Place) -> _Place:
        """Plan `part` at `place`; return the place behind it."""
        if isinstance(part, Step):
            return self._add_step(part, place)
        if isinstance(part, Chain):
            for inner in part.parts:
                place = self.add(inner, place)
            return place
        if isinstance(part, Group):
            return self._add_group(part.parts, place)
        raise Invalid(
            f"{part!r:.100} is not a part of a workflow.", cure="Use step(...), chain(...) or group(...)."
        )

    def _add_group(self, parts: Sequence[Part], place: _Place) -> _Place:
        ends = [self.add(inner, place) for inner in parts]
        needs = dict.fromkeys(key for end in ends for key in end.needs)
        return _Place(tuple(needs) or place.needs, tuple(key for end in ends for key in end.previous))

    def _add_step(self, part: Step, place: _Place) -> _Place:
        if len(self.planned) >= STEPS_MOST:
            raise Invalid(
                f"A workflow has at most {STEPS_MOST} steps.",
                cure="Let one step do more, e.g. a list of ids.",
            )
        key = self._key_of(part)
        arguments = written(part.arguments, place.previous)
        before = frozenset().union(*(self._before[needed] for needed in place.needs))
        if strange := named(arguments) - before:
            raise Invalid(
                f"The step {key!r} takes the result of {min(strange)!r}, which is not a step before it.",
                cure=f"Before it: {', '.join(sorted(before)) or 'none'}.",
            )
        self.planned[key] = Planned(key, part.job, arguments, place.needs, part.always)
        self._before[key] = before | {key}
        return _Place((key,), (key,))

    def _key_of(self, part: Step) -> str:
        if not part.key:
            return self._numbered(part.job[: KEY_LONGEST - 5])
        if part.key in self.planned:
            raise Invalid(f"Two steps have the key {part.key!r}.", cure="Give one of them another key.")
        if len(part.key) > KEY_LONGEST:
            raise Invalid(f"The key {part.key!r} is too long.", cure=f"Use at most {KEY_LONGEST} characters.")
        return part.key

    def _numbered(self, name: str) -> str:
        """Return `name`, or the first of `name-2`, `name-3` ... that is free."""
        key, number = name, 1
        while key in self.planned:
            number += 1
            key = f"{name}-{number}"
        return key
