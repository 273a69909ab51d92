"""`/schedules`: what runs by itself, when next, and what an operator wants otherwise than the code."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from edupulse import clock
from edupulse.api.gate import actor
from edupulse.api.idempotency import unkeyed
from edupulse.api.job_in_full import JobInFull, in_full
from edupulse.api.noun import Noun
from edupulse.api.schema import Body, ListOf, Query, Shown, Text
from edupulse.control import schedule as schedules
from edupulse.control import schedule_changes
from edupulse.control.occurrences import LONGEST_INTERVAL
from edupulse.control.schedule import NEXT_RUNS, Listed
from edupulse.control.schedule_changes import LONGEST_CRON, Change

noun = Noun("schedules", __name__, url_prefix="/schedules")

Seconds = Annotated[int, Field(ge=1, le=LONGEST_INTERVAL)]
Misfire = Literal["once", "skip", "all"]
Overlap = Literal["skip", "allow"]


class Schedule(Shown):
    """When a job runs by itself; `changed` is what an operator wants otherwise than the code."""

    name: str
    job: str
    arguments: dict[str, Any]
    cron: str | None
    interval_seconds: int | None
    timezone: str
    words: str
    misfire: Misfire
    max_lateness_seconds: int
    overlap: Overlap
    enabled: bool
    changed: dict[str, Any]
    last_at: datetime | None
    upcoming: list[datetime]  # none while it is paused
    failures: int
    last_error: str | None


class ScheduleChange(Body):
    """What shall be different; what is not named stays. Of cron and interval one replaces the other."""

    cron: Annotated[Text, Field(max_length=LONGEST_CRON)] | None = None
    interval_seconds: Seconds | None = None
    timezone: Text | None = None
    misfire: Misfire | None = None
    max_lateness_seconds: Seconds | None = None
    overlap: Overlap | None = None
    enabled: bool | None = None


class Ahead(Query):
    """How many of its next runs to name."""

    runs: int = Field(NEXT_RUNS, ge=0, le=50)


class SyncedSchedules(Shown):
    """How many schedules came, went or changed, and how many there are."""

    added: int
    removed: int
    updated: int
    total: int


@noun.get("/", query=Ahead, gives=ListOf[Schedule])
def list_schedules(query: Ahead) -> dict[str, Any]:
    """List every schedule by name, with its next runs."""
    return {"items": [_facts(listed) for listed in schedules.listing(clock.now(), query.runs)]}


@noun.get("/<name>/", query=Ahead, gives=Schedule)
def show(name: str, query: Ahead) -> dict[str, Any]:
    """Return one schedule with its next runs."""
    return _facts(schedules.show(name, clock.now(), query.runs))


@noun.patch("/<name>/", body=ScheduleChange, gives=Schedule)
def change(name: str, body: ScheduleChange) -> dict[str, Any]:
    """Let it run otherwise than the code says, until it is reset."""
    return _facts(schedule_changes.change(name, Change(**body.said()), actor=actor()))


@noun.post("/<name>/reset/", gives=Schedule)
def reset(name: str) -> dict[str, Any]:
    """Let it run as the code says; a pause stays."""
    return _facts(schedule_changes.reset(name, actor=actor()))


@noun.post("/<name>/pause/", gives=Schedule)
def pause(name: str) -> dict[str, Any]:
    """Let it run no more until it is resumed."""
    schedules.pause(name, actor())
    return _facts(schedules.show(name, clock.now()))


@noun.post("/<name>/resume/", gives=Schedule)
def resume(name: str) -> dict[str, Any]:
    """Let it run again, from its next occurrence."""
    schedules.resume(name, actor())
    return _facts(schedules.show(name, clock.now()))


@noun.post("/<name>/run/", gives=JobInFull, status=202)
def run(name: str) -> dict[str, Any]:
    """Run it once now; its next run stays where it is."""
    return in_full(schedule_changes.run_now(name, actor=actor()))


@noun.post("/sync/", gives=SyncedSchedules)
@unkeyed
def sync() -> dict[str, Any]:
    """Make the schedules match the code and the mailboxes, and Redis the schedules."""
    return asdict(schedule_changes.sync_now(actor=actor()))


def _facts(listed: Listed) -> dict[str, Any]:
    own = {"words": listed.words, "upcoming": listed.upcoming}
    names = Schedule.model_fields.keys() - own.keys()
    return {**{name: getattr(listed.schedule, name) for name in names}, **own}
