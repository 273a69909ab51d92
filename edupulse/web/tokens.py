"""The tokens of everybody's programs, for administrators: looked through, made, ended."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from edupulse.accounts.models import ROLES
from edupulse.accounts.tokens import is_valid, list_tokens, revoke_token
from edupulse.accounts.users import all_users
from edupulse.errors import Denied, Invalid, NotFound
from edupulse.web.errors import status_of
from edupulse.web.flashes import say
from edupulse.web.form import Form
from edupulse.web.token_form import FIELDS, LENGTHS, blank, made_page, make

blueprint = Blueprint("tokens", __name__, url_prefix="/tokens")


@blueprint.get("")
def index() -> str:
    """List the tokens of everybody."""
    return _page(blank("viewer"))


@blueprint.post("")
def create() -> Response:
    """Make a token for somebody's programs and show its secret once."""
    form = Form(MultiDict(request.form))
    try:
        token, secret = make(form, form.value("email"), actor=current_user.email)
    except (Invalid, Denied, NotFound) as error:
        form.refuse(error, FIELDS)
        return make_response(_page(form), status_of(error))
    return made_page(token, secret, url_for(".index"))


@blueprint.post("/<int:token_id>/revocation")
def revoke(token_id: int) -> Response:
    """End a token at once."""
    token = revoke_token(token_id, actor=current_user.email)
    say(f"The token “{token.name}” is worth nothing from now on.", tone="wait")
    return redirect(url_for(".index"), 303)


def _page(form: Form) -> str:
    people = [person for person in all_users() if person.active]
    return render_template(
        "tokens/index.html",
        tokens=list_tokens(), people=people, form=form, roles=ROLES, lengths=LENGTHS, is_valid=is_valid,
    )  # fmt: skip
