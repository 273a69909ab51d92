"""All checks together."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from edupulse.control.workers import present
from edupulse.doctor import examination, processes
from edupulse.doctor.examination import examine
from tests.doctor.conftest import states


def test_every_finding_that_is_not_fine_says_what_to_do(sqlite_app: Flask) -> None:
    findings = examine(lambda: sqlite_app)

    assert all(finding.cure for finding in findings if finding.state != "ok")


def test_ids_are_unique_so_that_scripts_can_rely_on_them(sqlite_app: Flask) -> None:
    ids = [finding.id for finding in examine(lambda: sqlite_app)]

    assert len(ids) == len(set(ids))


def test_with_redis_away_every_other_check_still_answers(
    sqlite_app: Flask, change_settings: Callable[..., None]
) -> None:
    sqlite_app.extensions["edupulse"].redis = None
    change_settings(redis_url="unix:///nowhere/redis.sock")

    found = states(examine(lambda: sqlite_app))

    assert (found["redis"], found["database"], found["database_write"]) == ("problem", "ok", "ok")
    assert not any(id.startswith(("redis.", "redis_")) for id in found)


def test_an_application_whose_module_is_missing_is_mended_by_installing_it() -> None:
    def load() -> Flask:
        raise ModuleNotFoundError("No module named 'rq_dashboard'")

    last = examine(load)[-1]

    assert (last.id, last.state) == ("application", "problem")
    assert "pip install -r requirements.txt" in last.cure


def test_a_check_that_breaks_is_itself_a_finding(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> list[object]:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(examination, "WITH_APPLICATION", ((broken, ()),))

    last = examine(lambda: sqlite_app)[-1]

    assert (last.state, "oops" in last.finding) == ("problem", True)


def test_a_process_of_another_version_is_found(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with present("worker", ("default",)) as name:
        monkeypatch.setattr(processes, "VERSION", "99.0")

        (finding,) = processes.version()

    assert finding.state == "warning"
    assert name in finding.finding
