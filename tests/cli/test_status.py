"""`status`: each part, and an exit code."""

from __future__ import annotations

import json
from collections.abc import Callable

from flask import Flask

from edupulse.control.workers import present
from tests.cli.conftest import Type
from tests.rows import a_process, a_run


def test_parts_that_are_down_say_why_and_make_the_exit_code_1(type_in: Type) -> None:
    shown = type_in("status", "--json")

    parts = {part["name"]: part for part in json.loads(shown.stdout)["services"]}
    assert shown.exit_code == 1
    assert (parts["database"]["state"], parts["workers"]["state"]) == ("up", "down")
    assert "No worker is running" in parts["workers"]["summary"]
    assert parts["workers"]["cure"]


def test_a_worker_that_lives_is_listed(type_in: Type) -> None:
    with present("worker", ("default",)) as name:
        shown = type_in("status", "--json")

    (process,) = json.loads(shown.stdout)["processes"]
    assert (process["name"], process["queues"]) == (name, ["default"])


def test_with_redis_away_the_rest_is_still_shown(
    type_in: Type, sqlite_app: Flask, change_settings: Callable[..., None]
) -> None:
    sqlite_app.extensions["edupulse"].redis = None
    change_settings(redis_url="unix:///nowhere/redis.sock")

    shown = type_in("status")

    assert shown.exit_code == 1
    assert "Redis cannot be reached" in shown.stdout
    assert "SQLite answers" in shown.stdout


def test_what_a_worker_works_on_is_listed(type_in: Type) -> None:
    worker = a_process(threads=4)
    a_run("run-1", "started", worker=worker.name), a_run("run-2", "queued")

    (process,) = json.loads(type_in("status", "--json").stdout)["processes"]

    assert (process["works_on"], process["threads"]) == (["run-1"], 4)
