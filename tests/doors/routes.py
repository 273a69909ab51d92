"""Every address of the application, with values that lead somewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Flask
from werkzeug.routing import AnyConverter, Rule

READING = ("GET", "HEAD", "OPTIONS")
SAMPLES = {
    "filename": "css/base.css", "job_id": "x", "queue_name": "email", "registry_name": "queued", "order": "asc",
    "run_id": "sample", "name": "reminders.check", "scope": "job", "original": "2026-03-13T10:00:00",
    "address": "zoe@school.example", "per_page": "8", "page": "1", "token": "x", "kind": "csv", "key": "events",
    "who": "failed", "path": "nothing", "month": "2026-03", "email": "zoe@school.example",
}  # fmt: skip


@dataclass(frozen=True)
class Call:
    """One method of one address."""

    door: str  # web | api
    place: str  # the endpoint as the permission table has it
    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path} ({self.place})"


def calls(app: Flask, *, number: int = 1) -> list[Call]:
    """Return every call that can be made; rows are those with this number. Signing out comes last."""
    found = [
        call
        for rule in app.url_map.iter_rules()
        if not _is_another_spelling(rule)
        for call in _of(rule, number)
    ]
    return sorted(found, key=lambda call: (call.place == "auth.close_session", call.place, call.method))


def _of(rule: Rule, number: int) -> Iterator[Call]:
    door = "api" if rule.endpoint.startswith("api.") else "web"
    place = rule.endpoint.removeprefix("api.")
    # Flask answers OPTIONS and HEAD for the first rule of an address alone.
    unasked = {"OPTIONS", "HEAD"}
    built = rule.build({name: _sample(rule, name, number) for name in rule.arguments})
    assert built is not None
    return (Call(door, place, method, built[1]) for method in sorted((rule.methods or set()) - unasked))


def _sample(rule: Rule, name: str, number: int) -> str | int:
    if isinstance(choice := rule._converters.get(name), AnyConverter):
        return min(choice.items)
    if name in SAMPLES and not (name == "name" and "pools" in rule.rule):
        value = SAMPLES[name]
        return int(value) if value.isdecimal() else value
    return "main" if name == "name" else number


def _is_another_spelling(rule: Rule) -> bool:
    return rule.endpoint == "rq_dashboard.queues_overview" and rule.rule != "/rq/"
