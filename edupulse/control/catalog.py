"""What a job is, apart from its code: one frozen line, and how a name and its arguments are checked."""

from __future__ import annotations

import difflib
import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from flask import current_app

from edupulse.errors import Invalid

QUEUES = ("reminders", "email", "poll", "finance", "reports", "default")
# What `enqueue` takes for itself; a job's own parameters need other names.
RESERVED = frozenset({"occurrence_key", "unique_key", "if_exists", "priority", "not_before"})


def lane(queue: str, priority: int) -> str:
    """Return the name of the Redis queue for runs of this priority: `email-high`, `email`, `email-low`."""
    return queue + {1: "-high", 0: "", -1: "-low"}[priority]


def lanes(queue: str) -> tuple[str, str, str]:
    """Return the Redis queues that make up `queue`, the more urgent first."""
    return lane(queue, 1), lane(queue, 0), lane(queue, -1)


LANES = tuple(name for queue in QUEUES for name in lanes(queue))


@dataclass(frozen=True)
class Check:
    """A rule for the values of a parameter, as `Annotated[str, Check(rule)]`; `rule` raises Invalid in plain words.

    It is asked where somebody sends the job, so that what can never succeed is not accepted.
    """

    rule: Callable[[Any], object]


@dataclass(frozen=True)
class Timing:
    """When a job runs by itself: a cron expression or an interval, in the organisation's zone."""

    cron: str | None = None
    interval_seconds: int | None = None
    misfire: str = "once"  # once | skip | all: what happens with occurrences that were missed
    max_lateness_seconds: int = 3600  # an occurrence later than this is recorded as missed
    overlap: str = "skip"  # skip | allow: what happens when the run before is not over yet


@dataclass(frozen=True)
class JobSpec:
    """One line of the catalog. The function is `jobs/<noun>.py::<verb>` for the name `<noun>.<verb>`."""

    name: str
    function: Callable[..., Any]
    queue: str
    summary: str
    timing: Timing | None = None
    soft_limit_seconds: int = 1500  # then SoftTimeLimitExceeded is raised in the job, which may tidy up
    hard_limit_seconds: int = 1800  # then it is ended, whatever it does
    retries: int = 3
    permanent: tuple[type[Exception], ...] = ()  # errors of this job that trying again cannot mend
    on_interrupt: str = "retry"  # retry | fail | ask: what happens when a worker died under it
    isolation: str = (
        "thread"  # thread: in the worker, for I/O | fork: a process of its own, for the heavy or risky
    )
    memory_limit_mb: int = 1024  # fork: beyond it the job gets MemoryError
    priority: int = 0  # 1 high, 0 normal, -1 low
    keep_days: int | None = None  # that its runs stay in the history; None: JOB_HISTORY_DAYS

    def __post_init__(self) -> None:
        taken = RESERVED & _signature(self.function).parameters.keys()
        if taken:
            raise Invalid(
                f"Job {self.name}: its parameter {min(taken)!r} is one of enqueue's own.", cure="Rename it."
            )
        if self.soft_limit_seconds > self.hard_limit_seconds:
            object.__setattr__(self, "soft_limit_seconds", self.hard_limit_seconds)

    @property
    def path(self) -> str:
        """The dotted path under which RQ imports the function."""
        return f"jobs.{self.name}"

    def check(self, arguments: Mapping[str, Any]) -> None:
        """Raise Invalid unless `arguments` fit the function and are plain JSON values."""
        try:
            _signature(self.function).bind(**arguments)
        except TypeError as error:
            raise Invalid(f"Job {self.name}: {error}.", cure=f"It takes: {self.parameters()}.") from None
        try:
            if json.loads(json.dumps(arguments, allow_nan=False)) != dict(arguments):
                raise TypeError("a tuple or a non-text key does not survive JSON")
        except (TypeError, ValueError) as error:
            raise Invalid(f"Job {self.name}: arguments must be plain JSON values ({error}).") from None

    def parameters(self) -> str:
        """Return the parameters in words, as for `reminders.send`: `event_id: int`."""
        listed = _signature(self.function).parameters.values()
        return ", ".join(str(parameter) for parameter in listed) or "no arguments"


@lru_cache(maxsize=1000)
def _signature(function: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(function)


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
