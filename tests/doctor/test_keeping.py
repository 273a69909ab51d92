"""What the doctor says about old data: that it goes, and what keeps it from going."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from flask import Flask

from edupulse.clock import now
from edupulse.doctor import keeping
from tests.rows import a_run

NAME = "upkeep.cleanup_expired_data"


def test_a_class_that_there_is_not_is_a_problem(
    sqlite_app: Flask, change_settings: Callable[..., None]
) -> None:
    change_settings(data_keep_days={"leters": 3})

    found = list(keeping.classes())

    assert [(each.id, each.state) for each in found] == [("data_keep_days", "problem")]
    assert "leters" in found[0].finding


def test_the_default_is_fine(sqlite_app: Flask) -> None:
    assert [each.state for each in keeping.classes()] == ["ok"]
    assert list(keeping.cleanups()) == []


def test_a_job_that_fails_or_stands_still_is_a_warning(sqlite_app: Flask) -> None:
    states = []

    for number, (state, days) in enumerate((("finished", 4), ("failed", 1), ("finished", 0))):
        a_run(f"run-{number}", state, name=NAME, created_at=now() - timedelta(days=days))
        states += [each.state for each in keeping.cleanups()]

    assert states == ["warning", "warning", "ok"]
