"""Addresses of ours that do not exist, or not by this method: answered as everything else here."""

from __future__ import annotations

from flask import Flask, Response, request
from werkzeug.exceptions import NotFound

from edupulse.api import kept, metrics
from edupulse.api.errors import http_error
from edupulse.api.noun import ROOT


def register(app: Flask) -> None:
    """Answer for the API of `app` where no view can: these requests belong to nobody, and the pages would take them."""
    app.before_request(_tell)


def _tell() -> Response | None:
    error = request.routing_exception
    if error is None or not _is_ours(request.path):
        return None
    if isinstance(error, NotFound):
        error = NotFound(f"There is nothing at {request.path[:100]}.")
    return http_error(error)


def _is_ours(path: str) -> bool:
    return f"{path}/".startswith(f"{ROOT}/") or path.rstrip("/") in (kept.SYNC, metrics.PATH)
