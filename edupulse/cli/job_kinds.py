"""Every job that there is: what it takes, within which limits it runs, and when by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from edupulse.cli.durations import span
from edupulse.cli.output import local
from edupulse.control.catalog import JobSpec, current_catalog
from edupulse.control.schedule import Listed
from edupulse.control.schedule import listing as schedules


def listing(moment: datetime, queue: str | None) -> list[dict[str, Any]]:
    """Return the facts of every job, or of those of one queue."""
    timings: dict[str, list[Listed]] = {}
    for each in schedules(moment):
        timings.setdefault(each.schedule.job, []).append(each)
    specs = [spec for spec in current_catalog().specs.values() if queue in (None, spec.queue)]
    return [_facts(spec, timings.get(spec.name, [])) for spec in specs]


def row_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line of a list for people."""
    return {
        **{name: facts[name] for name in ("name", "queue", "summary")},
        "takes": _listed(facts["parameters"]),
        "by_itself": _timed(facts["schedules"]),
        "at_most": span(facts["hard_limit_seconds"]),
        "tries": facts["retries"] + 1,
    }


def _facts(spec: JobSpec, timings: Sequence[Listed]) -> dict[str, Any]:
    from edupulse.control.parameters import parameters  # heavy, and of use here only

    names = ("name", "queue", "summary", "retries", "soft_limit_seconds", "hard_limit_seconds", "isolation")
    return {
        **{name: getattr(spec, name) for name in names},
        "parameters": [asdict(each) for each in parameters(spec)],
        "schedules": [
            {
                "name": each.schedule.name,
                "words": each.words,
                "enabled": each.schedule.enabled,
                "upcoming": each.upcoming,
            }
            for each in timings
        ],
    }


def _listed(parameters: Sequence[Mapping[str, Any]]) -> str:
    """Return the parameters in words, those that may be left out in brackets."""
    return " ".join(each["name"] if each["required"] else f"[{each['name']}]" for each in parameters)


def _timed(timings: Sequence[Mapping[str, Any]]) -> str:
    """Return when it runs by itself, and its next runs."""
    if len(timings) > 1:
        return f"{len(timings)} schedules"
    return "\n".join(
        "\n".join([each["words"], *map(local, each["upcoming"])]) if each["enabled"] else "paused"
        for each in timings
    )
