"""`/status/`: each part, up or down, and why; `/doctor/`: what is wrong, and the cure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Flask, current_app

from edupulse.api.noun import Noun
from edupulse.api.schema import Shown
from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.control.monitor import Service
from edupulse.doctor.examination import examine
from edupulse.mail.monitor import services
from edupulse.version import VERSION

noun = Noun("status", __name__)


class Part(Shown):
    """One part of the system; `until` is when it goes on by itself, where that is known."""

    name: str
    state: str
    summary: str
    cure: str
    since: datetime | None
    until: datetime | None


class Status(Shown):
    """Whether all is up, and each part."""

    is_up: bool
    version: str
    services: list[Part]


class Found(Shown):
    """What a check found; its id never changes, for scripts."""

    id: str
    state: str
    finding: str
    cure: str


class Diagnosis(Shown):
    """All findings, and how many are problems and warnings."""

    problems: int
    warnings: int
    findings: list[Found]


@noun.get("/status/", gives=Status)
def show() -> dict[str, Any]:
    """Say of each part whether it is up, and why not."""
    web = Service("web", "up", f"Pages are served at {current_settings().base_url}.")
    parts = [web, *services(now())]
    return {"is_up": all(part.is_up for part in parts), "version": VERSION, "services": parts}


@noun.get("/doctor/", gives=Diagnosis)
def doctor() -> dict[str, Any]:
    """Look for what is wrong, on this machine and around it. It may take some seconds, and changes nothing."""
    findings = examine(_this_application)
    states = [finding.state for finding in findings]
    return {
        "problems": states.count("problem"),
        "warnings": states.count("warning"),
        "findings": findings,
    }


def _this_application() -> Flask:
    return current_app._get_current_object()  # type: ignore[attr-defined,no-any-return]
