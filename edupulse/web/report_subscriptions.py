"""Who gets which reports by mail: everybody sees to their own, administrators to those of others."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from edupulse.errors import Denied, Invalid, NotFound
from edupulse.mail.addresses import comparable
from edupulse.reports import subscriptions
from edupulse.reports.models import KINDS
from edupulse.web.flashes import say
from edupulse.web.form import Form
from edupulse.web.report_words import kind_title, words

blueprint = Blueprint("report_subscriptions", __name__, url_prefix="/reports/subscriptions")
blueprint.context_processor(words)


@blueprint.get("")
def index() -> str:
    """Show what the reader gets, and to administrators who else gets what."""
    return _page(Form())


@blueprint.post("")
def subscribe() -> Response:
    """Send the reports of a kind to the reader, or by an administrator to anybody."""
    form = Form(request.form)
    address, locale = form.value("address") or current_user.email, form.value("locale") or str(get_locale())
    _require_own_or_admin(address)
    try:
        made = subscriptions.subscribe(form.value("kind"), address, locale=locale, actor=current_user.email)
    except Invalid as error:
        field = str(error.facts.get("field") or "")
        form.errors[field] = _PROBLEMS[field]() if field in _PROBLEMS else str(error)
        return make_response(_page(form), 422)
    say(
        _("%(kind)s reports go to %(address)s from now on.", kind=kind_title(made.kind), address=made.address)
    )
    return redirect(url_for(".index"), 303)


@blueprint.post("/ends")
def unsubscribe() -> Response:
    """Send the reports of a kind to an address no more."""
    kind, address = request.form.get("kind", ""), request.form.get("address", "") or current_user.email
    _require_own_or_admin(address)
    try:
        subscriptions.unsubscribe(kind, address, actor=current_user.email)
    except NotFound:
        say(_("These reports did not go to %(address)s any more.", address=address), tone="wait")
    else:
        say(_("%(kind)s reports go to %(address)s no more.", kind=kind_title(kind), address=address))
    return redirect(url_for(".index"), 303)


def _page(form: Form) -> str:
    mine = {each.kind: each for each in subscriptions.of_user(current_user)}
    others = []
    if current_user.may("admin"):
        own = {each.id for each in mine.values()}
        others = [each for each in subscriptions.subscriptions() if each.id not in own]
    return render_template(
        "reports/subscriptions.html", form=form, mine=mine, others=others, report_kinds=KINDS
    )


def _require_own_or_admin(address: str) -> None:
    if not current_user.may("admin") and comparable(address) != comparable(current_user.email):
        raise Denied(
            _("Only an administrator sends reports to others."),
            cure=_("Leave the address empty for yourself."),
        )


_PROBLEMS = {
    "kind": lambda: _("Choose a kind of report."),
    "address": lambda: _("This is no mail address. Write it as ada@school.example."),
    "locale": lambda: _("Choose a language."),
}
