"""Every refusal and every fault becomes the same JSON: what it is, in words, what to do, and the request's name."""

from __future__ import annotations

from flask import Blueprint, Response, make_response
from redis.exceptions import RedisError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from edupulse.api.answers import answer
from edupulse.api.gate import Unknown
from edupulse.errors import Conflict, Denied, EduPulseError, Invalid, NotFound, Unavailable
from edupulse.logs import current_request_id, get_logger

# The first kind that fits: (status, code)
KINDS: tuple[tuple[type[EduPulseError], int, str], ...] = (
    (Unknown, 401, "unauthorized"),
    (NotFound, 404, "not_found"),
    (Invalid, 422, "invalid"),
    (Conflict, 409, "conflict"),
    (Denied, 403, "denied"),
    (Unavailable, 503, "unavailable"),
    (EduPulseError, 500, "internal"),
)
CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    429: "too_many",
}
CURES = {
    400: "Send a JSON object in UTF-8.",
    404: "Check the address; the documentation lists them.",
    405: "Use one of the methods in the header Allow.",
    413: "Send less at once.",
    415: "Send the header “Content-Type: application/json”.",
    429: "Wait as long as the header Retry-After says, in seconds; make fewer calls, of larger pages.",
    500: "Nothing half-done was kept. Try again; if it stays, tell an administrator the request_id.",
}

log = get_logger(__name__)


def register(blueprint: Blueprint) -> None:
    """Answer every error below `blueprint` with JSON."""
    blueprint.register_error_handler(EduPulseError, refusal)
    blueprint.register_error_handler(HTTPException, http_error)
    blueprint.register_error_handler(RedisError, redis_away)
    blueprint.register_error_handler(OperationalError, database_away)


def refusal(error: EduPulseError) -> Response:
    """Say what EduPulse refused on purpose, in its own words."""
    status, code = next((status, code) for kind, status, code in KINDS if isinstance(error, kind))
    response = _error(status, code, error.message, error.cure, field=error.facts.get("field"))
    if "retry_after" in error.facts:
        response.headers["Retry-After"] = str(error.facts["retry_after"])
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="EduPulse"'
    return response


def http_error(error: HTTPException) -> Response:
    """Say what the framework refused, or that a fault of ours was logged with its traceback."""
    status = error.code or 500
    if status < 400:
        return make_response(error.get_response())
    message = "Something went wrong on our side." if status == 500 else error.description or error.name
    response = _error(
        status, CODES.get(status, "internal" if status >= 500 else "refused"), message, CURES.get(status, "")
    )
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def redis_away(error: RedisError) -> Response:
    """Say what waits while Redis is away."""
    log.warning("redis away", reason=type(error).__name__)
    cure = "What was accepted is stored and goes on by itself when Redis is back."
    return _error(503, "unavailable", "Redis cannot be reached.", cure)


def database_away(error: OperationalError) -> Response:
    """Say that nothing can be told while the database is away."""
    log.warning("database away", reason=str(error.orig))
    return _error(
        503, "unavailable", "The database cannot be reached.", "Nothing was changed. Try again in a moment."
    )


def _error(status: int, code: str, message: str, cure: str, *, field: object = None) -> Response:
    facts = {"code": code, "message": message, "cure": cure, "field": field}
    return answer({"error": {**facts, "request_id": current_request_id()}}, status)
