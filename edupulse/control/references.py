"""Results of earlier steps become arguments of later ones: named at the start, filled in when the step begins."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from edupulse.errors import Invalid

ONE, SEVERAL = "$result", "$results"  # how a reference stands in the arguments that the ledger keeps
NOT_KEPT = "not_kept"  # the only key of what the ledger keeps in place of a result that is too large
CURE = "Let the earlier step store what it found and return its id."
ARGUMENTS_LARGEST = 100_000  # characters of JSON: each is stored and goes over the wire; pass ids, not data


@dataclass(frozen=True)
class ResultOf:
    """The result of one step, or with `[...]` a part of it; without a key that of the step right before."""

    key: str | None = None
    path: tuple[str | int, ...] = ()

    def __getitem__(self, part: str | int) -> ResultOf:
        return replace(self, path=(*self.path, part))

    def __iter__(self) -> NoReturn:  # else Python would ask for the parts 0, 1, 2 ... without end
        raise TypeError("a result cannot be walked through before it is there; pass it on as an argument")


@dataclass(frozen=True)
class Results:
    """The results of all steps right before, as a list, or of each the part at `path`."""

    path: tuple[str | int, ...] = ()


def result_of(key: str) -> ResultOf:
    """Return a reference to the result of the earlier step `key`."""
    return ResultOf(key)


result_of_previous = ResultOf()


def results(*path: str | int) -> Results:
    """Return a reference to the results of all steps right before, in their order: `results("delivered")`."""
    return Results(path)


def written(arguments: Mapping[str, Any], previous: Sequence[str]) -> dict[str, Any]:
    """Return `arguments` as the ledger keeps them, for a step that comes after the steps `previous`."""

    def write(value: Any) -> Any:
        if isinstance(value, ResultOf):
            return {ONE: {"of": value.key or _only(previous), "path": list(value.path)}}
        if isinstance(value, Results):
            return {SEVERAL: {"of": list(previous), "path": list(value.path)}}
        if isinstance(value, dict) and value.keys() & {ONE, SEVERAL}:
            raise Invalid(
                f"An argument has the key {ONE} or {SEVERAL}.", cure="Use result_of() or results()."
            )
        return value

    return {name: _walked(value, write) for name, value in arguments.items()}


def named(arguments: Mapping[str, Any]) -> set[str]:
    """Return the keys of the steps whose results the kept `arguments` want."""
    found: set[str] = set()

    def note(value: Any) -> Any:
        if mark := _mark(value):
            found.update([mark["of"]] if ONE in value else mark["of"])
            return None
        return value

    for value in arguments.values():
        _walked(value, note)
    return found


def without_results(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the kept `arguments` with None for what is not known yet."""
    return {
        name: _walked(value, lambda one: None if _mark(one) else one) for name, value in arguments.items()
    }


def filled(arguments: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Return the kept `arguments` with the results `known` by step; a step without one has None.

    Raises Invalid when a result has no such part, or when the whole is too large.
    """

    def fill(value: Any) -> Any:
        mark = _mark(value)
        if mark is None:
            return value
        if ONE in value:
            return _part(mark["of"], known.get(mark["of"]), mark["path"])
        return [_part(key, known.get(key), mark["path"]) for key in mark["of"]]

    whole = {name: _walked(value, fill) for name, value in arguments.items()}
    if (size := len(json.dumps(whole))) > ARGUMENTS_LARGEST:
        raise Invalid(
            f"The arguments would have {size} characters of JSON; {ARGUMENTS_LARGEST} are allowed.",
            cure=CURE,
        )
    return whole


def _walked(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return `value` with `change` made to it and to everything inside that it left as it was."""
    changed = change(value)
    if changed is not value:
        return changed
    if isinstance(value, dict):
        return {name: _walked(inner, change) for name, inner in value.items()}
    if isinstance(value, list):
        return [_walked(inner, change) for inner in value]
    return value


def _mark(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        return None
    mark: dict[str, Any] | None = value.get(ONE, value.get(SEVERAL))
    return mark


def _only(previous: Sequence[str]) -> str:
    if len(previous) == 1:
        return previous[0]
    if previous:
        raise Invalid(
            "result_of_previous stands after several steps.", cure="Use results(), a list of them all."
        )
    raise Invalid("result_of_previous stands in a first step.", cure="Only later steps can take results.")


def _part(key: str, result: Any, path: Sequence[str | int]) -> Any:
    """Return the part of `result` at `path`; of no result, for a step that did not finish, none."""
    if result is None:
        return None
    if isinstance(result, dict) and result.keys() == {NOT_KEPT}:
        raise Invalid(f"The result of the step {key!r} was too large to keep.", cure=CURE)
    for name in path:
        try:
            result = result[name]
        except (KeyError, IndexError, TypeError):
            raise Invalid(f"The result of the step {key!r} has no {name!r}.", cure="See its run.") from None
    return result
