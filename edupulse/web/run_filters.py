"""The filter of runs as it stands in an address or a form, and back again."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from flask import request

from edupulse.control.monitor import RunFilter
from edupulse.web.instants import instant

EXACT = ("state", "name", "queue", "text", "actor", "fingerprint")
WORDS = {
    "state": "in the state",
    "name": "of the job",
    "queue": "in the queue",
    "text": "with the text",
    "actor": "asked for by",
    "since": "accepted since",
    "until": "accepted until",
    "fingerprint": "with the failure",
}


def filters_of_request() -> RunFilter:
    """Return the filter of the address or of the form; raises Invalid for what is no time."""
    said: dict[str, Any] = {name: request.values.get(name, "").strip() for name in EXACT}
    for name in ("since", "until"):
        said[name] = instant(request.values.get(name, ""), name)
    return RunFilter(**said, failed=request.values.get("failed") == "yes")


def fields_of(filters: RunFilter) -> dict[str, str]:
    """Return the fields that are set, as an address or hidden fields carry them."""
    return {name: _text(value) for name, value in asdict(filters).items() if value}


def words_of(filters: RunFilter) -> list[tuple[str, object]]:
    """Return the fields that are set for people: what it narrows, and to what."""
    said: list[tuple[str, object]] = [("that failed", "")] if filters.failed else []
    return said + [(WORDS[name], value) for name, value in asdict(filters).items() if value and name in WORDS]


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return "yes" if value is True else str(value)
