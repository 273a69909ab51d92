"""Mails as people look for them: a list by filter, one mail with its history, and what can be done."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from edupulse.accounts.audit import entries_of
from edupulse.errors import Invalid
from edupulse.mail import actions, monitor
from edupulse.mail.content import mailing_of, source_of
from edupulse.mail.monitor import DeliveryFilter
from edupulse.notifications.withheld import content_for
from edupulse.reminders.monitor import origin_of
from edupulse.web.flashes import say
from edupulse.web.words import DELIVERY

blueprint = Blueprint("deliveries", __name__, url_prefix="/deliveries")

VIEWS = ("page", "text", "source")

# The mail is shown in a frame that may do nothing: no script, form, link or cookie, nothing from outside.
PREVIEW_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'self'"
)


@blueprint.get("")
def index() -> str:
    """List deliveries by the filter in the address."""
    arguments = request.args
    filters = DeliveryFilter(
        state=arguments.get("state", ""),
        kind=arguments.get("kind", ""),
        address=arguments.get("address", "").strip(),
        subject_id=arguments.get("subject", ""),
    )
    page = monitor.deliveries(filters, arguments.get("page", ""))
    template = "deliveries/_list.html" if arguments.get("part") == "live" else "deliveries/index.html"
    return render_template(template, page=page, filters=filters, states=DELIVERY)


@blueprint.get("/<int:delivery_id>")
def show(delivery_id: int) -> str:
    """Show one delivery, its journey and the mail."""
    delivery = monitor.delivery(delivery_id)
    view = request.args.get("view", "page")
    return render_template(
        "deliveries/show.html",
        delivery=delivery,
        content=content_for(delivery, current_user),
        mailing=mailing_of(delivery),
        origin=origin_of(delivery),
        view=view if view in VIEWS else "page",
        source=source_of(delivery) if view == "source" else "",
        history_entries=entries_of(f"delivery:{delivery_id}"),
    )


@blueprint.get("/<int:delivery_id>/preview")
def preview(delivery_id: int) -> Response:
    """Return the mail's HTML for the frame."""
    content = content_for(monitor.delivery(delivery_id), current_user)
    response = make_response(content.html)
    response.headers["Content-Security-Policy"] = PREVIEW_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


@blueprint.post("/<int:delivery_id>/settlement")
def settle(delivery_id: int) -> AnyResponse:
    """Decide an uncertain delivery: it arrived, or it did not."""
    answer = request.form.get("arrived", "")
    if answer not in ("yes", "no"):
        raise Invalid("Say whether the mail arrived.", cure="Go back and choose one of the two buttons.")
    actions.settle(delivery_id, answer == "yes", current_user.email)
    say("Noted: it arrived." if answer == "yes" else "Noted: it did not arrive. You can send it again.")
    return redirect(url_for("deliveries.show", delivery_id=delivery_id), 303)


@blueprint.post("/<int:delivery_id>/resend")
def resend(delivery_id: int) -> AnyResponse:
    """Send a mail again that did not arrive."""
    actions.resend(delivery_id, current_user.email)
    say("It is on its way again. This page shows what becomes of it.")
    return redirect(url_for("deliveries.show", delivery_id=delivery_id), 303)


@blueprint.post("/test")
def send_test() -> AnyResponse:
    """Send a test mail to see that the mail settings work."""
    delivery = actions.send_test(request.form.get("address", "").strip(), current_user.email)
    say("A test mail is on its way. This page shows what becomes of it.")
    return redirect(url_for("deliveries.show", delivery_id=delivery.id), 303)
