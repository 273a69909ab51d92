"""The examples in docs/workflows.md are accepted, and come to their end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from edupulse.control.catalog import Catalog, JobSpec
from edupulse.control.models import Workflow
from edupulse.database import db
from edupulse.testing import inline
from jobs.recorded import recorded
from tests.control.workflows import run_of
from tests.examples import python_of


@recorded
def collect(month: str) -> dict[str, int]:
    return {"report_id": 7}


@recorded
def mail(report_id: int) -> int:
    return report_id


@recorded
def clean_up(month: str) -> None:
    """Do nothing."""


@recorded
def send(batch: int) -> dict[str, int]:
    return {"sent": 10 * batch}


@recorded
def report(sent: list[int]) -> int:
    return sum(sent)


CATALOG = Catalog.of(
    JobSpec(name, function, "reports", "A job of the examples.")
    for name, function in {
        "reports.collect": collect,
        "reports.mail": mail,
        "reports.clean_up": clean_up,
        "campaigns.send": send,
        "campaigns.report": report,
    }.items()
)


def test_the_examples_in_the_documentation_work(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, project_folder: Path
) -> None:
    monkeypatch.setattr(sqlite_app.extensions["edupulse"], "catalog", CATALOG)
    names: dict[str, Any] = {}

    with inline():
        for block in python_of(project_folder / "docs" / "workflows.md"):
            exec(block, names)  # noqa: S102 - our own documentation

    db.session.rollback()
    workflows = db.session.scalars(select(Workflow).order_by(Workflow.id)).all()
    assert [workflow.state for workflow in workflows] == ["finished"] * 3
    assert run_of(workflows[0].id, "reports.mail").result == 7
    assert run_of(workflows[1].id, "campaigns.report").result == 30
