"""What a call may say about jobs: which runs it means, and what it wants to be done."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from edupulse.api.job_facts import Priority, Status
from edupulse.api.schema import Body, Paged, Query, Shown, Text
from edupulse.control.actions.selection import IDS_AT_ONCE, Selection
from edupulse.control.search import RunFilter
from edupulse.errors import Invalid

# Far enough for every job, and so far from either end of the calendar that no offset falls off it.
FIRST, LAST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
LONGEST_DELAY = 366 * 86_400  # seconds
Instant = Annotated[AwareDatetime, Field(ge=FIRST, le=LAST)]
Name = Annotated[Text, Field(max_length=100)]
Key = Annotated[Text, Field(min_length=1, max_length=200)]
Words = Annotated[Text, Field(max_length=200)]
EVERY = "Name `ids`, or a `filter` with at least one wish."


class WhichJobs(Paged):
    """Which runs to list, newest first; what is not named means any."""

    status: Status | None = None
    name: Text = Field("", description="Of this job, e.g. `mail.deliver`.")
    queue: Text = ""
    search: Text = Field("", description="A part of the id, the arguments or the error.")
    actor: Text = Field("", description="Who ordered it.")
    since: Instant | None = Field(None, description="Accepted at this instant or later.")
    until: Instant | None = Field(None, description="Accepted before this instant.")
    failed: bool = Field(False, description="Only runs that have failed.")
    fingerprint: Text = Field("", description="Failures of one cause, as an earlier answer named it.")

    def filters(self) -> RunFilter:
        """Return the filter as the ledger takes it."""
        return _filters(self.model_dump(exclude={"cursor", "size"}))


class JobFilter(Body):
    """Which runs are meant; what is not named means any."""

    status: Status | None = None
    name: Text | None = None
    queue: Text | None = None
    search: Text | None = None
    actor: Text | None = None
    since: Instant | None = None
    until: Instant | None = None
    failed: bool | None = None
    fingerprint: Text | None = None


class NewJob(Body):
    """One run of the job `name`, now, at an instant or after a delay."""

    name: Name
    arguments: dict[Text, Any] = Field(default_factory=dict)
    priority: Priority | None = None
    not_before: Instant | None = None
    delay_seconds: float | None = Field(None, ge=0, le=LONGEST_DELAY, allow_inf_nan=False)
    unique_key: Key | None = None
    if_exists: Literal["skip", "replace", "error"] | None = None


class ManyJobs(Body):
    """Which runs an order is about: `ids`, or all that match a `filter`. A dry run only counts them."""

    ids: list[Text] | None = Field(None, min_length=1, max_length=IDS_AT_ONCE)
    filter: JobFilter | None = None
    dry_run: bool | None = None

    def selection(self) -> Selection:
        """Return them as the orders take them. Raises Invalid for none, for both, and for a filter without a wish."""
        chosen = _filters(self.filter.said()) if self.filter else RunFilter()
        if (self.ids is None) == (chosen == RunFilter()):  # "" and false wish for nothing either
            raise Invalid("Which jobs?", cure=EVERY, field="ids" if self.ids else "filter")
        return list(self.ids) if self.ids else chosen


class JobsToRevoke(ManyJobs):
    """The same, and why; with `waiting_only` what runs already is left alone."""

    reason: Words | None = None
    waiting_only: bool | None = None


class Reason(Body):
    """Why, for those who read it later."""

    reason: Words | None = None


class Pausing(Body):
    """Why, and until when; without an end somebody resumes it."""

    reason: Words | None = None
    until: Instant | None = None


class Patience(Query):
    """How long to wait for news of one run."""

    wait: float = Field(
        0, ge=0, le=25, allow_inf_nan=False, description="Seconds to wait until the run is over."
    )
    seen: Text = Field(
        "", description="`seen` of an earlier answer: then the wait ends with the next news already."
    )


class Order(Shown):
    """What was done to how many runs; the others that were named were in a state that forbids it."""

    order: Literal["revoke", "retry", "requeue"]
    jobs: int
    dry_run: bool
    passed_by: int | None  # of those that were named by id


class Pause(Shown):
    """A queue or a job from which nothing begins."""

    scope: Literal["queue", "job"]
    name: str
    reason: str
    actor: str
    created_at: datetime
    until: datetime | None


class Resumed(Shown):
    """It goes on; it may not have been paused."""

    name: str
    was_paused: bool


def _filters(wishes: dict[str, Any]) -> RunFilter:
    names = {"status": "state", "search": "text"}
    known = {each.name for each in fields(RunFilter)}
    found = {names.get(key, key): value for key, value in wishes.items()}
    return RunFilter(**{key: value for key, value in found.items() if value is not None and key in known})
