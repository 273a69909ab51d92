"""Every refusal and every fault becomes a page that says what happened, what was kept and what to do."""

from __future__ import annotations

from flask import Flask, Response, make_response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_wtf.csrf import CSRFError
from redis.exceptions import RedisError
from sqlalchemy.exc import DataError, OperationalError
from werkzeug.exceptions import HTTPException

from edupulse.errors import Conflict, Denied, EduPulseError, Invalid, NotFound, Unavailable
from edupulse.logs import current_request_id, get_logger
from edupulse.web.carry import fields_of_request, is_from_our_page
from edupulse.web.security import MEGABYTE

STATUS = ((NotFound, 404), (Invalid, 422), (Conflict, 409), (Denied, 403), (Unavailable, 503))
TITLES = {
    400: lazy_gettext("That request could not be read"),
    403: lazy_gettext("This needs another role"),
    404: lazy_gettext("There is nothing here"),
    405: lazy_gettext("That cannot be done here"),
    409: lazy_gettext("That is not possible any more"),
    413: lazy_gettext("That is too large"),
    422: lazy_gettext("Something needs to be corrected"),
    429: lazy_gettext("One moment, please"),
    500: lazy_gettext("Something went wrong on our side"),
    503: lazy_gettext("This has to wait a moment"),
}
ADVICE = {
    400: lazy_gettext("Go back, check what you entered and send it again."),
    404: lazy_gettext(
        "It may have been removed, or the address has a slip in it. Start again from the dashboard."
    ),
    405: lazy_gettext("Use the buttons on the pages: an act is never a plain link."),
    500: lazy_gettext(
        "Nothing half-done was kept. Try again; if it stays, tell your administrator the number below."
    ),
}

log = get_logger(__name__)


def register(app: Flask) -> None:
    """Answer every error of `app` with a page."""
    app.register_error_handler(CSRFError, outdated_page)
    app.register_error_handler(EduPulseError, refusal)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(RedisError, redis_away)
    app.register_error_handler(OperationalError, database_away)
    app.register_error_handler(DataError, unstorable)


def status_of(error: EduPulseError) -> int:
    """Return the HTTP status that says the same as `error`."""
    if "retry_after" in error.facts and isinstance(error, Denied):
        return 429
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def refusal(error: EduPulseError) -> Response:
    """Show what EduPulse refused on purpose, in its own words."""
    status = status_of(error)
    response = _page(status, error.message, error.cure or str(ADVICE.get(status, "")))
    if "retry_after" in error.facts:
        response.headers["Retry-After"] = str(error.facts["retry_after"])
    return response


def http_error(error: HTTPException) -> Response:
    """Show what the framework refused, or a fault of ours, which it has logged with its traceback."""
    status = error.code or 500
    if status < 400:
        return make_response(error.get_response())
    response = _page(status, "", _advice(status) or error.description or "")
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _advice(status: int) -> str:
    if status != 413:
        return str(ADVICE.get(status, ""))
    return _(
        "A field of a form may have 1 MB and all files together %(megabytes)s MB here. Send it in parts.",
        megabytes=(request.max_content_length or 0) // MEGABYTE,
    )


def outdated_page(error: CSRFError) -> Response:
    """Offer to send a form again whose token is missing or old; only when it came from a page of ours."""
    log.warning("form without a valid token", path=request.path, reason=error.description)
    if is_from_our_page() and request.form:
        fields = fields_of_request()
        return make_response(
            render_template("resend.html", action=request.path, fields=fields, outdated=True), 400
        )
    return _page(
        400,
        _("This page was open for too long, or the request did not come from it."),
        _("Open the page again and repeat the step."),
    )


def redis_away(error: RedisError) -> Response:
    """Say what waits while Redis is away."""
    log.warning("redis away", reason=type(error).__name__)
    return _page(
        503,
        _("Redis cannot be reached."),
        _("What was accepted is stored and goes on by itself when Redis is back."),
    )


def database_away(error: OperationalError) -> Response:
    """Say that nothing can be shown while the database is away."""
    log.warning("database away", reason=str(error.orig))
    cure = _("Nothing was changed. Try again in a moment; an administrator can run `python cli.py doctor`.")
    return _page(503, _("The database cannot be reached."), cure)


def unstorable(error: DataError) -> Response:
    """Refuse a value that no column takes, such as a text with NUL on PostgreSQL."""
    log.warning("value refused by the database", reason=type(error.orig).__name__)
    return _page(422, _("Something that was entered cannot be stored."), str(ADVICE[400]))


def _page(status: int, message: str, cure: str) -> Response:
    # The page stands on its own: it must also work when the database or the session is what failed.
    page = render_template(
        "error.html",
        status=status,
        title=str(TITLES.get(status) or _("That did not work")),
        message=message,
        cure=cure,
        request_id=current_request_id(),
    )
    return make_response(page, status)
