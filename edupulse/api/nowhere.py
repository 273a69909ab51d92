"""Addresses below the root that do not exist: a wrong method is told from a wrong address."""

from __future__ import annotations

from flask import current_app, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from edupulse.api.noun import Noun

METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")


def register(root: Noun) -> None:
    """Catch what no view of the API has, so that it is answered as everything else here."""
    root.add_url_rule("/<path:path>", "nowhere", _nowhere, methods=METHODS)


def _nowhere(path: str) -> None:
    allowed = [method for method in METHODS if _is_known(method)]
    raise MethodNotAllowed(allowed) if allowed else NotFound(f"There is nothing at {path[:100]}.")


def _is_known(method: str) -> bool:
    adapter = current_app.create_url_adapter(request)
    try:
        endpoint = adapter.match(method=method)[0] if adapter else ""
    except HTTPException:
        return False
    return endpoint != request.endpoint
