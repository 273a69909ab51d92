"""What was enqueued is looked at and not run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select

from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.testing.arrival import arrival
from edupulse.testing.handover import handing_over_to, nobody


class Recording:
    """The runs that the ledger has accepted since it was made."""

    def __init__(self) -> None:
        self._before = set(db.session.scalars(select(JobRun.id)))

    @property
    def runs(self) -> list[JobRun]:
        """The runs, the first first."""
        db.session.rollback()  # an older snapshot would hide the latest
        rows = db.session.scalars(select(JobRun).order_by(JobRun.created_at, arrival()))
        return [run for run in rows if run.id not in self._before]

    def assert_enqueued(self, name: str, **arguments: Any) -> JobRun:
        """Return the run of `name` with at least these arguments; without one fail, and show what there is."""
        fitting = self._fitting(name, arguments)
        if not fitting:
            found = ", ".join(_call(run.name, run.arguments) for run in self.runs) or "nothing"
            raise AssertionError(f"{_call(name, arguments)} was not enqueued, but {found}.")
        return fitting[0]

    def assert_not_enqueued(self, name: str, **arguments: Any) -> None:
        """Fail when a run of `name` with at least these arguments was accepted."""
        if fitting := self._fitting(name, arguments):
            found = ", ".join(_call(run.name, run.arguments) for run in fitting)
            raise AssertionError(f"{_call(name, arguments)} should not be enqueued, but {found} was.")

    def _fitting(self, name: str, arguments: dict[str, Any]) -> list[JobRun]:
        return [
            run for run in self.runs if run.name == name and {**run.arguments, **arguments} == run.arguments
        ]


@contextmanager
def recorded() -> Iterator[Recording]:
    """Hold back what the block enqueues, and yield where it can be looked at."""
    with handing_over_to(nobody):
        yield Recording()


def _call(name: str, arguments: dict[str, Any]) -> str:
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})"
