"""Runs by part of a period: the parts say what the figures of jobs say, from hours and from runs alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

from flask import Flask

from edupulse.control.accepted import accepted
from edupulse.control.hours import count_hours, hour_of
from edupulse.control.models import JobRun
from edupulse.control.prune import prune
from edupulse.control.statistics import statistics
from edupulse.database import db
from tests.rows import a_run

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
STATES = ("finished", "failed", "cancelled", "queued")


def edges_of(begin: datetime, step: timedelta, parts: int) -> list[datetime]:
    return [begin + step * number for number in range(parts + 1)]


def one_by_one(edges: Sequence[datetime]) -> list[int]:
    return [sum(job.accepted for job in statistics(begin, end)) for begin, end in pairwise(edges)]


def fill(
    now: datetime, seed: int, *, jobs: Sequence[str] = ("a.b", "c.d"), states: Sequence[str] = STATES
) -> None:
    """Store runs of the last eight hours, some of them exactly on the hour."""
    random = Random(seed)
    for number in range(50):
        at = now - random.randrange(1, 480) * MINUTE
        at = hour_of(at) if random.random() < 0.2 else at
        state = random.choice(states)
        a_run(f"r{number}", state, name=random.choice(jobs), created_at=at, ended_at=at)


def test_each_part_has_what_the_figures_of_jobs_say_of_it(app: Flask, now: datetime) -> None:
    fill(now, 1)
    count_hours(now - 2 * HOUR)
    some = [
        edges_of(now - 9 * HOUR, HOUR, 10),
        edges_of(now - 5 * HOUR - 30 * MINUTE, HOUR, 6),
        edges_of(now - 3 * HOUR - 30 * MINUTE, 5 * MINUTE, 12),
        edges_of(now - 9 * HOUR, 3 * HOUR, 3),
    ]

    for edges in some:
        assert accepted(edges) == one_by_one(edges)
        assert sum(accepted(edges)) > 0


def test_hours_of_which_the_runs_are_gone_are_counted_beside_open_ones(
    sqlite_app: Flask, now: datetime
) -> None:
    fill(now, 2, states=("finished",))
    long_ago = now - 5 * HOUR + MINUTE
    a_run("open", "queued", name="slow.job", created_at=long_ago)
    later = now + timedelta(days=200)
    edges = edges_of(now - 9 * HOUR, HOUR, 10)
    before = accepted(edges)

    prune(later)

    assert db.session.query(JobRun).count() == 1
    assert accepted(edges) == one_by_one(edges) == before
    assert sum(before) == 51


def test_a_period_without_any_run_is_all_nothing(sqlite_app: Flask, now: datetime) -> None:
    assert accepted(edges_of(now - 24 * HOUR, HOUR, 24)) == [0] * 24
