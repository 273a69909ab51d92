"""What the tests of the clock share: a catalog with chosen timings, and short ways to look."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import select

from edupulse.control import timetable
from edupulse.control.catalog import Catalog, JobSpec, Timing
from edupulse.control.models import JobRun, Schedule
from edupulse.database import db

UseTimings = Callable[..., None]
MINUTELY = Timing(cron="* * * * *", overlap="allow")  # nobody works here: every occurrence is let in


def nothing(note: str = "") -> None:
    """The job of these tests: only whether and when it is accepted matters."""


def spec(name: str, timing: Timing | None = None, **values: object) -> JobSpec:
    return JobSpec(name, nothing, "default", "A job of a test.", timing, **values)  # type: ignore[arg-type]


def use(app: Flask, monkeypatch: pytest.MonkeyPatch, *specs: JobSpec) -> None:
    monkeypatch.setattr(app.extensions["edupulse"], "catalog", Catalog.of(specs))


def stored(name: str) -> Schedule:
    db.session.rollback()
    return db.session.get_one(Schedule, name, populate_existing=True)


def runs(name: str | None = None, state: str = "queued") -> list[JobRun]:
    db.session.rollback()
    wanted = select(JobRun).where(JobRun.state == state).order_by(JobRun.occurrence_key)
    return list(db.session.scalars(wanted if name is None else wanted.where(JobRun.name == name)))


def occurrences(name: str) -> list[str]:
    """Return the occurrences of the schedule `name` that were accepted, as time of day in UTC."""
    keys = [run.occurrence_key or "" for run in runs(name)]
    return [datetime.fromisoformat(key.removeprefix(f"{name}@")).strftime("%H:%M:%S") for key in keys]


def armed(redis: Redis) -> dict[str, float]:
    return timetable.armed_schedules(redis)
