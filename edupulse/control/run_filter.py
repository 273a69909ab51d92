"""Which runs somebody asks for: what must hold for each of them, and which index leads to them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, cast, func, or_, text

from edupulse.control.models import BY_PERSON, ENDED_BADLY, MACHINES, OPEN_ROWS, JobRun

_OPEN = ("queued", "started", "deferred", "interrupted")
_BADLY = ("failed", "cancelled")
_BY_PERSON = text(f"job_run.{BY_PERSON}")


@dataclass(frozen=True)
class RunFilter:
    """Which runs to list; an empty value means any."""

    state: str = ""
    name: str = ""
    queue: str = ""
    text: str = ""  # in the id, the name, the arguments or the error
    actor: str = ""
    since: datetime | None = None  # accepted at or after
    until: datetime | None = None  # accepted before
    failed: bool = False  # only those that have failed
    fingerprint: str = ""  # of their error

    @property
    def wanted_state(self) -> str:
        """The state that all of them have, if there is one."""
        return self.state or ("failed" if self.failed else "")

    @property
    def is_about_open_runs(self) -> bool:
        return self.wanted_state in _OPEN

    def conditions(self) -> list[Any]:
        """Return what holds for each run that matches."""
        return [*self.path(), *(column == value for column, value in self._exact()), *self._texts()]

    def path(self) -> list[Any]:
        """Return the conditions, of those that an index sorted by time knows, which leave the fewest runs."""
        column = self._leading()
        return [*self._hints(column), *([column == self._wanted(column)] if column else []), *self._period()]

    def rest(self) -> list[Any]:
        """Return the other conditions, in a form that tempts no database to look for another index."""
        leading = self._leading()
        exact = [
            func.coalesce(column, "") == value
            for column, value in self._exact()
            if column is not leading or value != self._wanted(leading)
        ]
        return [*exact, *self._texts()]

    def _leading(self) -> Any:
        state = self.wanted_state
        if state in _OPEN:
            return JobRun.state
        if self.fingerprint:
            return JobRun.error_fingerprint
        if state in _BADLY:
            return JobRun.state
        if self.actor and self.actor not in MACHINES:
            return JobRun.actor
        return JobRun.name if self.name else None

    def _hints(self, leading: Any) -> list[Any]:
        """Return, in the words of the small indexes, that they may be used: SQLite does not look into bound values."""
        if leading is JobRun.actor:
            return [_BY_PERSON]
        if leading is JobRun.state:
            return [OPEN_ROWS if self.is_about_open_runs else ENDED_BADLY]
        return []

    def _wanted(self, column: Any) -> str:
        return next(value for known, value in self._exact() if known is column)

    def _exact(self) -> list[tuple[Any, str]]:
        exact = (
            (JobRun.state, self.state),
            (JobRun.state, "failed" if self.failed and self.state != "failed" else ""),
            (JobRun.name, self.name),
            (JobRun.queue, self.queue),
            (JobRun.actor, self.actor),
            (JobRun.error_fingerprint, self.fingerprint),
        )
        return [(column, value) for column, value in exact if value]

    def _period(self) -> list[ColumnElement[bool]]:
        since = [] if self.since is None else [JobRun.created_at >= self.since]
        return since if self.until is None else [*since, JobRun.created_at < self.until]

    def _texts(self) -> list[ColumnElement[bool]]:
        if not self.text:
            return []
        as_json = json.dumps(self.text)[1:-1]  # as it stands in stored JSON: “ë” is \\u00eb there
        found = [column.icontains(self.text, autoescape=True) for column in _SEARCHED]
        return [or_(*found, _ARGUMENTS.icontains(as_json, autoescape=True))]


_SEARCHED = (JobRun.id, JobRun.name, JobRun.error_message, JobRun.error_class)
_ARGUMENTS = cast(JobRun.arguments, String)
