"""What every job has in common, once: its context, its claim, its history."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from edupulse.control.execution import execute

P = ParamSpec("P")
R = TypeVar("R")


def recorded(function: Callable[P, R]) -> Callable[P, R]:
    """Make `function` a job: RQ may call it, and the ledger knows how it went."""

    @wraps(function)
    def job(*args: P.args, **kwargs: P.kwargs) -> R:
        if args:
            raise TypeError("jobs take keyword arguments only, as the ledger stores them")
        result: R = execute(function, kwargs)
        return result

    return job
