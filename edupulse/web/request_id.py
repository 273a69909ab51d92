"""Each request gets a name that stands in every log line it causes and in its answer."""

from __future__ import annotations

import re
import secrets
from contextlib import ExitStack

from flask import Flask, Response, g, request

from edupulse.logs import current_request_id, log_context

HEADER = "X-Request-ID"
WELL_FORMED = re.compile(r"[A-Za-z0-9_-]{8,64}")  # a proxy's own id is kept, anything odd is not


def register(app: Flask) -> None:
    """Name each request of `app` for as long as it lasts."""
    app.before_request(_begin)
    app.after_request(_tell)
    app.teardown_request(_end)


def _begin() -> None:
    given = request.headers.get(HEADER, "")
    name = given if WELL_FORMED.fullmatch(given) else secrets.token_hex(8)
    g.request_names = ExitStack()
    g.request_names.enter_context(log_context(request_id=name))


def _tell(response: Response) -> Response:
    response.headers[HEADER] = current_request_id() or ""
    return response


def _end(error: BaseException | None = None) -> None:
    names: ExitStack | None = g.pop("request_names", None)
    if names is not None:
        names.close()
