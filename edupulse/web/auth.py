"""Signing in and out. What somebody typed while their session ended is carried through the sign-in."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Response,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
from flask_login import current_user, login_user, logout_user

from edupulse.accounts.models import User
from edupulse.accounts.signing_in import verify
from edupulse.accounts.users import anyone_exists
from edupulse.config import current_settings
from edupulse.errors import Denied
from edupulse.extensions import login_manager
from edupulse.logs import get_logger
from edupulse.web.carry import carried_fields, fields_of_request
from edupulse.web.security import READING

blueprint = Blueprint("auth", __name__)
log = get_logger(__name__)


@blueprint.get("/sign-in")
def sign_in() -> Response:
    """Show the form, or go on when somebody is signed in already."""
    if current_user.is_authenticated:
        return _go(redirect_target(request.args.get("next", "")))
    return _form(next_page=request.args.get("next", ""))


@blueprint.post("/sign-in")
def open_session() -> Response:
    """Check address and password; the answer does not tell which of them was wrong."""
    email, next_page = request.form.get("email", ""), request.form.get("next", "")
    try:
        person = verify(email, request.form.get("password", ""), address=request.remote_addr or "unknown")
    except Denied as error:
        response = _form(next_page, email=email, problem=str(error), status=429)
        response.headers["Retry-After"] = str(error.facts["retry_after"])
        return response
    if person is None:
        log.warning("sign-in refused", address=request.remote_addr)
        problem = _("That address and password do not fit together.")
        return _form(next_page, email=email, problem=problem, status=422)
    begin_session(person)
    return _continue(next_page)


@blueprint.post("/sign-out")
def close_session() -> Response:
    """End the session in this browser."""
    logout_user()
    session.clear()
    return _go(url_for("auth.sign_in"))


@login_manager.unauthorized_handler  # type: ignore[untyped-decorator]
def ask_to_sign_in() -> Response:
    """Answer somebody who is not signed in; a form they sent is kept for after the sign-in."""
    if request.method in READING:
        return _go(url_for("auth.sign_in", next=request.full_path.rstrip("?")))
    problem = _("Your session has ended. Sign in again: what you typed is kept.")
    return _form(request.path, problem=problem, carried=fields_of_request(), status=401)


def redirect_target(next_page: str) -> str:
    """Return `next_page` if it is a path of ours, else the dashboard: no link may lead people elsewhere."""
    parts = urlsplit(next_page)
    is_ours = (
        next_page.startswith("/")
        and not next_page.startswith(("//", "/\\"))
        and not (parts.scheme or parts.netloc)
    )
    return next_page if is_ours and next_page.isprintable() else url_for("dashboard.show")


def begin_session(person: User) -> None:
    """Let this browser be signed in as `person`, and nothing of what was before."""
    # Nothing of the session before the sign-in survives it: no fixation, and a new CSRF token.
    session.clear()
    login_user(person)
    session.permanent = True
    log.info("signed in", user_id=person.id)


def _continue(next_page: str) -> Response:
    carried = carried_fields()
    if carried:
        return make_response(
            render_template("resend.html", action=redirect_target(next_page), fields=carried)
        )
    return _go(redirect_target(next_page))


def _form(
    next_page: str,
    *,
    email: str = "",
    problem: str = "",
    carried: list[tuple[str, str]] | None = None,
    status: int = 200,
) -> Response:
    page = render_template(
        "auth/sign_in.html",
        next_page=next_page,
        email=email,
        problem=problem,
        carried=carried if carried is not None else carried_fields(),
        nobody_yet=not anyone_exists(),
        needs_tls=current_app.config["SESSION_COOKIE_SECURE"] and not request.is_secure,
        base_url=current_settings().base_url,
    )
    return make_response(page, status)


def _go(target: str) -> Response:
    return make_response(redirect(target, code=303))
