"""What everybody looks after themselves: their password, and the tokens of their programs."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from edupulse.accounts.passwords import SHORTEST
from edupulse.accounts.signing_in import change_own_password
from edupulse.accounts.tokens import is_valid, list_tokens, revoke_token
from edupulse.errors import Denied, Invalid
from edupulse.web.auth import begin_session
from edupulse.web.errors import status_of
from edupulse.web.flashes import say
from edupulse.web.form import Form
from edupulse.web.role_words import meaning_of
from edupulse.web.token_form import FIELDS, LENGTHS, blank, made_page, make, roles_up_to

blueprint = Blueprint("account", __name__, url_prefix="/account")


@blueprint.get("")
def show() -> str:
    """Show who somebody is here, and their tokens."""
    return _page()


@blueprint.post("/password")
def change_password() -> Response:
    """Change one's own password; every other browser is signed out by it."""
    current, new, again = (request.form.get(name, "") for name in ("current", "password", "again"))
    problems = Form()
    try:
        if new != again:
            raise Invalid("The two are not the same.", cure="Type the new password twice.", field="again")
        person = change_own_password(
            current_user.email, current, new, address=request.remote_addr or "unknown"
        )
    except (Invalid, Denied) as error:
        problems.refuse(error, ("current", "password", "again"))
        return make_response(_page(problems=problems), status_of(error))
    begin_session(person)
    say(_("Your password is changed. Wherever else you were signed in, you have to sign in again."))
    return redirect(url_for(".show"), 303)


@blueprint.post("/tokens")
def create_token() -> Response:
    """Make a token for one's own programs and show its secret once."""
    form = Form(MultiDict(request.form))
    try:
        token, secret = make(form, current_user.email, actor=current_user.email)
    except (Invalid, Denied) as error:
        form.refuse(error, FIELDS)
        return make_response(_page(form), status_of(error))
    return made_page(token, secret, url_for(".show"))


@blueprint.post("/tokens/<int:token_id>/revocation")
def revoke(token_id: int) -> Response:
    """End one of one's own tokens at once."""
    token = revoke_token(token_id, actor=current_user.email, email=current_user.email)
    say(_("The token “%(name)s” is worth nothing from now on.", name=token.name), tone="wait")
    return redirect(url_for(".show"), 303)


def _page(form: Form | None = None, problems: Form | None = None) -> str:
    return render_template(
        "account/show.html",
        tokens=list_tokens(current_user.email),
        form=form or blank("viewer"),
        problems=problems or Form(),
        roles=roles_up_to(current_user.role),
        lengths=LENGTHS,
        meaning=meaning_of(current_user.role),
        is_valid=is_valid,
        shortest=SHORTEST,
    )
