"""What somebody typed travels as hidden fields over an ended session or an outdated page."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import request

PREFIX = "carried:"
NEVER_CARRIED = frozenset({"csrf_token", "password", "current", "again"})


def fields_of_request() -> list[tuple[str, str]]:
    """Return the fields of the form that was just sent, without secrets."""
    return [(name, value) for name, value in request.form.items(multi=True) if name not in NEVER_CARRIED]


def carried_fields() -> list[tuple[str, str]]:
    """Return the fields that a sign-in form carries for a form before it."""
    sent = request.form.items(multi=True)
    return [(name.removeprefix(PREFIX), value) for name, value in sent if name.startswith(PREFIX)]


def is_from_our_page() -> bool:
    """Say whether the browser states that one of our own pages sent this request."""
    origin = request.headers.get("Origin") or request.headers.get("Referer", "")
    return bool(origin) and urlsplit(origin).netloc == request.host
