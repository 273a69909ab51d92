"""Who may sign in: listed, made, given another role or password, switched off; for administrators."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from edupulse.accounts import users
from edupulse.accounts.audit import entries_of
from edupulse.accounts.models import ROLES, User
from edupulse.accounts.tokens import is_valid, list_tokens
from edupulse.errors import Conflict, Invalid
from edupulse.web.errors import status_of
from edupulse.web.flashes import say
from edupulse.web.form import Form

blueprint = Blueprint("users", __name__, url_prefix="/users")

FIELDS = ("email", "name", "role", "password")
MEANINGS = {
    "viewer": "looks at everything, changes nothing",
    "operator": "acts: events, campaigns, mailboxes, jobs, workers",
    "admin": "also manages users, tokens and pools of workers",
}


@blueprint.get("")
def index() -> str:
    """List everybody who was ever made."""
    return _list(Form(MultiDict({"role": "viewer"})))


@blueprint.post("")
def create() -> Response:
    """Make somebody; what cannot be used comes back, but never a password."""
    form = Form(MultiDict(request.form))
    try:
        person = users.create_user(
            form.value("email"), form.value("name"), form.value("role"),
            form.values.get("password", ""), actor=current_user.email,
        )  # fmt: skip
    except (Invalid, Conflict) as error:
        form.refuse(error, FIELDS)
        return make_response(_list(form), status_of(error))
    say(f"{person.email} may sign in as {person.role}. Tell them the password in person or by phone.")
    return _to(person.email)


@blueprint.get("/<email>")
def show(email: str) -> str:
    """Show one person, their tokens, and what was done to them."""
    person = users.find_user(email)
    return _page(person, Form(MultiDict({"name": person.name, "role": person.role})))


@blueprint.post("/<email>")
def change(email: str) -> Response:
    """Give somebody another name or role."""
    person, form = users.find_user(email), Form(MultiDict(request.form))
    try:
        users.change_user(
            person.email, name=form.value("name"), role=form.value("role"), actor=current_user.email
        )
    except (Invalid, Conflict) as error:
        return _refused(person, form, error)
    say("Saved. It holds from their next click on.")
    return _to(person.email)


@blueprint.post("/<email>/password")
def set_password(email: str) -> Response:
    """Give somebody a new password, which ends their sessions."""
    person = users.find_user(email)
    try:
        users.set_password(person.email, request.form.get("password", ""), actor=current_user.email)
    except Invalid as error:
        return _refused(person, Form(MultiDict({"name": person.name, "role": person.role})), error)
    say(f"{person.email} has a new password. Where they were signed in, they have to sign in again.")
    return _to(person.email)


@blueprint.post("/<email>/<any(activation, deactivation):switch>")
def switch(email: str, switch: str) -> Response:
    """Let somebody sign in again, or no more."""
    person = users.set_active(email, switch == "activation", actor=current_user.email)
    if person.active:
        say(f"{person.email} may sign in again.")
    else:
        say(f"{person.email} may not sign in any more; their tokens are worth nothing.", tone="wait")
    return _to(person.email)


def _list(form: Form) -> str:
    return render_template(
        "users/index.html", people=users.all_users(), form=form, roles=ROLES, meanings=MEANINGS
    )


def _page(person: User, form: Form) -> str:
    return render_template(
        "users/show.html",
        person=person,
        form=form,
        roles=ROLES,
        meanings=MEANINGS,
        tokens=list_tokens(person.email),
        is_valid=is_valid,
        history_entries=entries_of(f"user:{person.id}"),
    )


def _refused(person: User, form: Form, error: Invalid | Conflict) -> Response:
    form.refuse(error, FIELDS)
    return make_response(_page(person, form), status_of(error))


def _to(email: str) -> Response:
    if not current_user.may("admin"):  # any more: it was their own role
        return redirect(url_for("account.show"), 303)
    return redirect(url_for("users.show", email=email), 303)
