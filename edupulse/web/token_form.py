"""The form of a token: what it is for, what it may do and how long; its secret is shown once."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Response, make_response, render_template
from flask_babel import lazy_gettext
from werkzeug.datastructures import MultiDict

from edupulse import clock
from edupulse.accounts.models import ROLES, ApiToken
from edupulse.accounts.tokens import make_token
from edupulse.errors import Invalid
from edupulse.web.form import Form

FIELDS = ("email", "name", "role", "lasts")
LENGTHS = {  # days
    "30": lazy_gettext("30 days"),
    "90": lazy_gettext("90 days"),
    "365": lazy_gettext("A year"),
    "": lazy_gettext("Until it is revoked"),
}


def blank(role: str) -> Form:
    """Return the form of a new token with the usual choices."""
    return Form(MultiDict({"lasts": "90", "role": role}))


def roles_up_to(role: str) -> tuple[str, ...]:
    """Return the roles that a token of somebody with `role` may have."""
    return ROLES[: ROLES.index(role) + 1]


def make(form: Form, email: str, *, actor: str) -> tuple[ApiToken, str]:
    """Make the token that the form describes for `email`; raises Invalid, Denied, NotFound."""
    return make_token(email, form.value("name"), form.value("role"), actor=actor, expires_at=_until(form))


def made_page(token: ApiToken, secret: str, back: str) -> Response:
    """Return the page that shows a secret, this once, and that nobody keeps a copy of."""
    page = render_template("tokens/made.html", token=token, secret=secret, back=back)
    response = make_response(page, 201)
    response.headers["Cache-Control"] = "no-store"
    return response


def _until(form: Form) -> datetime | None:
    lasts = form.value("lasts")
    if lasts not in LENGTHS:
        raise Invalid("Say how long it lasts.", cure="Choose one of the lengths.", field="lasts")
    return clock.now() + timedelta(days=int(lasts)) if lasts else None
