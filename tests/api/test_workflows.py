"""`/workflows`: jobs that belong together are listed, shown with their steps, and stopped."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask

from edupulse.control.workflow import chain, start, step
from tests.api.conftest import Program
from tests.control.workflows import CATALOG


@pytest.fixture
def two_words(sqlite_app: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sqlite_app.extensions["edupulse"], "catalog", CATALOG)
    part = chain(step("t.say", key="first", word="a"), step("t.say", key="second", word="b"))
    return start("two words", part, actor="ada@school.example").id


def test_workflows_are_listed_with_how_far_they_have_come(viewer: Program, two_words: int) -> None:
    (line,) = viewer.get("/workflows/?status=running").get_json()["items"]

    assert (line["id"], line["status"], line["steps"], line["over"]) == (two_words, "running", 2, 0)
    assert viewer.get("/workflows/?status=failed").get_json()["items"] == []


def test_one_is_shown_with_its_steps_and_their_runs(viewer: Program, two_words: int) -> None:
    shown = viewer.get(f"/workflows/{two_words}/").get_json()

    first, second = shown["steps"]
    assert (first["status"], first["run"]["status"]) == ("running", "queued")
    assert (second["status"], second["needs"], second["run"]) == ("waiting", ["first"], None)
    run = viewer.get(f"/jobs/{first['run']['job_id']}/").get_json()
    assert run["workflow_id"] == two_words


def test_a_workflow_is_stopped_once(operator: Program, two_words: int) -> None:
    stopped = operator.post(f"/workflows/{two_words}/cancel/", {"reason": "enough"})

    assert stopped.get_json() == {"id": two_words, "steps_stopped": 2}
    assert operator.get(f"/workflows/{two_words}/").get_json()["status"] == "cancelled"
    assert operator.post(f"/workflows/{two_words}/cancel/").status_code == 409


def test_one_that_nobody_knows_is_not_found(operator: Program) -> None:
    assert operator.get("/workflows/7/").status_code == 404
    assert operator.post("/workflows/7/cancel/").status_code == 404
    assert operator.get("/workflows/99999999999/").status_code == 404
