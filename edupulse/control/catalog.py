"""What a job is, apart from its code: one frozen line, and how a name and its arguments are checked."""

from __future__ import annotations

import difflib
import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import current_app

from edupulse.errors import Invalid

QUEUES = ("reminders", "email", "poll", "finance", "reports", "default")


@dataclass(frozen=True)
class Timing:
    """When a job runs by itself: a cron expression or an interval, in the organisation's zone."""

    cron: str | None = None
    interval_seconds: int | None = None
    misfire: str = "once"  # once | skip | all: what happens with occurrences that were missed
    max_lateness_seconds: int = 3600  # an occurrence later than this is recorded as missed


@dataclass(frozen=True)
class JobSpec:
    """One line of the catalog. The function is `jobs/<noun>.py::<verb>` for the name `<noun>.<verb>`."""

    name: str
    function: Callable[..., Any]
    queue: str
    summary: str
    timing: Timing | None = None
    hard_limit_seconds: int = 1800
    retries: int = 3
    on_interrupt: str = "retry"  # retry | fail | ask: what happens when a worker died under it

    @property
    def path(self) -> str:
        """The dotted path under which RQ imports the function."""
        return f"jobs.{self.name}"

    def check(self, arguments: Mapping[str, Any]) -> None:
        """Raise Invalid unless `arguments` fit the function and are plain JSON values."""
        try:
            inspect.signature(self.function).bind(**arguments)
        except TypeError as error:
            raise Invalid(f"Job {self.name}: {error}.", cure=f"It takes: {self.parameters()}.") from None
        try:
            if json.loads(json.dumps(arguments, allow_nan=False)) != dict(arguments):
                raise TypeError("a tuple or a non-text key does not survive JSON")
        except (TypeError, ValueError) as error:
            raise Invalid(f"Job {self.name}: arguments must be plain JSON values ({error}).") from None

    def parameters(self) -> str:
        """Return the parameters in words, as for `reminders.send`: `event_id: int`."""
        listed = inspect.signature(self.function).parameters.values()
        return ", ".join(str(parameter) for parameter in listed) or "no arguments"


@dataclass(frozen=True)
class Catalog:
    """The allow-list of jobs by name."""

    specs: Mapping[str, JobSpec] = field(default_factory=dict)

    @classmethod
    def of(cls, specs: Iterable[JobSpec]) -> Catalog:
        return cls({spec.name: spec for spec in specs})

    def get(self, name: str) -> JobSpec:
        """Return the line of `name`; raise Invalid with the nearest known names."""
        if name in self.specs:
            return self.specs[name]
        near = difflib.get_close_matches(name, self.specs, n=3) or sorted(self.specs)
        raise Invalid(f"There is no job named {name!r}.", cure=f"Known: {', '.join(near)}.")


def current_catalog() -> Catalog:
    """Return the catalog of the application in whose context we are."""
    catalog = current_app.extensions["edupulse"].catalog
    assert isinstance(catalog, Catalog)  # noqa: S101 - narrows the type
    return catalog
