"""The page behind the link in each newsletter: looking changes nothing, one press ends it, another takes it back.

A mail program may press it too (RFC 8058): a POST without login, cookie or token, answered at once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from flask import Blueprint, Response, make_response, render_template, request

from edupulse.database import db
from edupulse.errors import NotFound
from edupulse.extensions import csrf
from edupulse.mail import unsubscribe
from edupulse.mail.mailing import Mailing
from edupulse.mail.models import Delivery
from edupulse.web.unsubscribe_words import WORDS

blueprint = Blueprint("unsubscribe", __name__, url_prefix="/unsubscribe")

Page = Callable[[str], Response]


def for_anybody(view: Page) -> Page:
    """Answer a dead link with a page of its own, and let no other site learn the link from us."""

    @wraps(view)
    def answered(token: str) -> Response:
        try:
            response = view(token)
        except NotFound:
            response = make_response(render_template("unsubscribe/dead.html", all_words=WORDS), 404)
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex"
        response.headers["Cache-Control"] = "no-store"
        return response

    return answered


@blueprint.get("/<token>")
@for_anybody
def show(token: str) -> Response:
    """Say whose mail of which list this is about, with a button."""
    delivery = unsubscribe.read(token)
    return _page(token, delivery, "over" if unsubscribe.is_out(delivery) else "ask")


@blueprint.post("/<token>")
@csrf.exempt  # type: ignore[untyped-decorator]
@for_anybody
def act(token: str) -> Response:
    """End it: for the button of the page, and for the one-click body of a mail program."""
    delivery = unsubscribe.read(token)
    by_program = request.form.get("List-Unsubscribe") == "One-Click"
    unsubscribe.act(token, "one-click" if by_program else "page")
    return _page(token, delivery, "over")


@blueprint.post("/<token>/restoration")
@csrf.exempt  # type: ignore[untyped-decorator]
@for_anybody
def undo(token: str) -> Response:
    """Take it back."""
    delivery = unsubscribe.read(token)
    unsubscribe.undo(token)
    return _page(token, delivery, "still" if unsubscribe.is_out(delivery) else "again")


def _page(token: str, delivery: Delivery, stage: str) -> Response:
    mailing = db.session.get(Mailing, delivery.mailing_id) if delivery.mailing_id else None
    page = render_template(
        "unsubscribe/show.html",
        token=token,
        address=delivery.address,
        title=mailing.title if mailing else "",
        words=WORDS.get(delivery.locale[:2], WORDS["en"]),
        stage=stage,
    )
    return make_response(page)
