"""Who may pass: sessions, roles by route, CSRF, and the headers that keep a page from being misused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from flask import Flask, Response, current_app, request
from flask_login import current_user

from edupulse.accounts.users import user_of_session
from edupulse.config import Settings
from edupulse.errors import Denied
from edupulse.extensions import csrf, login_manager
from edupulse.operations import role_of

SESSION_IDLE = timedelta(hours=12)  # a working day; each request starts it anew
LARGEST_REQUEST = 4 * 1024 * 1024  # bytes: a calendar file of a whole school year
LARGEST_FORM_FIELD = 1024 * 1024  # bytes: ten thousand attendees
MEGABYTE = 1024 * 1024
READING = frozenset({"GET", "HEAD", "OPTIONS"})

# Scripts and styles come only from our own files: what a mail or a title smuggles in stays text.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)

View = TypeVar("View", bound=Callable[..., object])


def register(app: Flask) -> None:
    """Guard every page of `app` as the permission table says."""
    settings: Settings = app.extensions["edupulse"].settings
    _configure_sessions(app, settings)
    login_manager.init_app(app)
    login_manager.user_loader(user_of_session)
    app.before_request(_check_role)
    app.before_request(_widen)  # before anything reads the form, and only for who may send one
    csrf.init_app(app)
    app.after_request(_add_headers)


def takes(megabytes: int) -> Callable[[View], View]:
    """Mark a view whose requests may be larger than others, in megabytes."""

    def mark(view: View) -> View:
        view.largest_request = megabytes * MEGABYTE  # type: ignore[attr-defined]
        return view

    return mark


def _configure_sessions(app: Flask, settings: Settings) -> None:
    secure = settings.base_url.startswith("https://")
    app.config.update(
        # The prefix makes browsers refuse the cookie without TLS or for another host (RFC 6265bis 4.1.3).
        SESSION_COOKIE_NAME="__Host-edupulse" if secure else "edupulse",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=SESSION_IDLE,
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM_FIELD,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a form left open over lunch still works
    )


def _check_role() -> Response | None:
    """Let the request pass, ask for a sign-in, or raise Denied."""
    if request.endpoint is None:
        return None  # no such page: answered with 404 or 405, the same for everybody
    if request.endpoint.startswith("api."):
        return None  # programs pass the gate of the API, whose tokens are no sessions
    role = role_of("web", request.endpoint)
    if not role:
        return None
    if not current_user.is_authenticated:
        return login_manager.unauthorized()  # type: ignore[no-any-return]
    if not current_user.may(role):
        raise Denied(
            "Your role lets you look, but not do this."
            if role == "operator"
            else "Only an administrator may open this.",
            cure=f"Ask an administrator for the role {role}.",
            role=role,
        )
    return None


def _widen() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    request.max_content_length = getattr(view, "largest_request", LARGEST_REQUEST)


def _add_headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    headers.setdefault("X-Frame-Options", "DENY")
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Referrer-Policy", "same-origin")
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    if request.endpoint == "static":
        lasting = "v" in request.args  # the address changes with the content
        headers["Cache-Control"] = "public, max-age=31536000, immutable" if lasting else "no-cache"
    else:
        # Kept by nobody but the browser, whose own "back" keeps what was typed.
        headers["Cache-Control"] = headers.get("Cache-Control") or "private, no-cache"
    if request.is_secure:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return response
