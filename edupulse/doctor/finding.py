"""What a check found: fine, doubtful or wrong, in a sentence, with the cure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report; the id is stable, for scripts."""

    id: str
    state: str  # ok | warning | problem
    finding: str
    cure: str = ""


Check = Callable[[], Iterable[Finding]]


def ok(id: str, finding: str) -> Finding:
    """Return a finding that needs nothing."""
    return Finding(id, "ok", finding)


def warning(id: str, finding: str, cure: str) -> Finding:
    """Return a finding that works, but not for ever or not for everybody."""
    return Finding(id, "warning", finding, cure)


def problem(id: str, finding: str, cure: str) -> Finding:
    """Return a finding that keeps something from working."""
    return Finding(id, "problem", finding, cure)
