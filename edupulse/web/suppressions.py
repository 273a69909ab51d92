"""Who is not written to: searched, added by hand with a reason, lifted again."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from edupulse.errors import Invalid
from edupulse.mail import suppressions
from edupulse.web.flashes import say
from edupulse.web.words import SCOPES

blueprint = Blueprint("suppressions", __name__, url_prefix="/suppressions")


@blueprint.get("")
def index() -> str:
    """List the addresses that are stopped, by the filter in the address of the page."""
    return _page()


@blueprint.post("")
def add() -> AnyResponse:
    """Stop mail to an address."""
    address, scope, reason = (request.form.get(name, "").strip() for name in ("address", "scope", "reason"))
    try:
        stopped = suppressions.add(address, reason=reason, scope=scope, actor=current_user.email)
    except Invalid as error:
        page = _page(problem=str(error), typed={"address": address, "scope": scope, "reason": reason})
        return make_response(page, 422)
    say(f"{stopped.address} gets no {SCOPES[stopped.scope].lower()} from now on.")
    return _back(stopped.address)


@blueprint.post("/liftings")
def lift() -> AnyResponse:
    """Allow mail to an address again."""
    address, scope = request.form.get("address", ""), request.form.get("scope", "")
    suppressions.lift(address, scope=scope, actor=current_user.email)
    say(
        f"{address} may get {SCOPES.get(scope, scope).lower()} again. What was left out meanwhile is not sent."
    )
    return _back(address)


def _page(**facts: object) -> str:
    search, scope = request.args.get("q", "").strip(), request.args.get("scope", "")
    page = suppressions.listing(search, scope, request.args.get("page", ""))
    return render_template(
        "suppressions/index.html", page=page, search=search, scope=scope, scopes=SCOPES, **facts
    )


def _back(address: str) -> AnyResponse:
    """Go where the button was: to the person, else to the list."""
    if request.form.get("back") == "person":
        return redirect(url_for("people.show", address=address), 303)
    return redirect(url_for(".index"), 303)
