"""What every job has in common, once: it is called as the ledger stores it, with keyword arguments only."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def recorded(function: Callable[P, R]) -> Callable[P, R]:
    """Make `function` a job. Its context, claim and outcome are the worker's (`control/execution.py`); called by
    hand, in a test or by another job, it is the plain function."""

    @wraps(function)
    def job(*args: P.args, **kwargs: P.kwargs) -> R:
        if args:
            raise TypeError("jobs take keyword arguments only, as the ledger stores them")
        return function(*args, **kwargs)

    return job
