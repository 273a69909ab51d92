"""Reports: searched, read with what has changed against the period before, taken along as a table, made anew."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from edupulse.config import current_settings
from edupulse.errors import Invalid
from edupulse.reports import orders, reading
from edupulse.reports.models import KINDS, Report
from edupulse.walltime import to_local
from edupulse.web.flashes import say
from edupulse.web.form import Form
from edupulse.web.instants import instant
from edupulse.web.report_words import kind_title, period_title, words

blueprint = Blueprint("reports", __name__, url_prefix="/reports")
blueprint.context_processor(words)

ASKED = ("q", "kind", "since", "until")


@blueprint.get("")
def index() -> AnyResponse:
    """List reports by the filter in the address, newest first."""
    return _list(Form())


@blueprint.post("")
def make() -> AnyResponse:
    """Make the report of a period; what cannot be made comes back with every word."""
    form = Form(request.form)
    try:
        report = orders.make_now(form.value("kind"), form.value("start"), actor=current_user.email)
    except Invalid as error:
        form.errors[str(error.facts.get("field") or "")] = _why_not_made(error)
        return make_response(_list(form), 422)
    say(
        _(
            "The report is made: %(kind)s, %(title)s.",
            kind=kind_title(report.kind),
            title=period_title(report),
        )
    )
    return _to(report)


@blueprint.get("/<int:report_id>")
def show(report_id: int) -> str:
    """Show one report, section by section."""
    report = reading.existing(report_id)
    return render_template(
        "reports/show.html",
        report=report,
        sections=reading.changes(report),
        beside=orders.neighbours(report),
    )


@blueprint.post("/<int:report_id>/making")
def make_again(report_id: int) -> AnyResponse:
    """Sum up the same period once more."""
    report = orders.make_again(report_id, actor=current_user.email)
    say(_("It is summed up anew, from what stands in the tables now. Nobody is mailed again."))
    return _to(report)


@blueprint.get("/<int:report_id>/table.csv")
def table(report_id: int) -> Response:
    """Give the figures as a file for a spreadsheet."""
    report = reading.existing(report_id)
    response = Response(reading.as_csv(report, str(get_locale())), content_type="text/csv; charset=utf-8")
    name = f"report-{report.kind}-{reading.period_of(report).starts_at:%Y%m%dT%H%MZ}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _list(form: Form) -> AnyResponse:
    asked = {name: request.args.get(name, "").strip() for name in ASKED}
    problem = ""
    try:
        begin, end = _midnight(asked["since"]), _midnight(asked["until"], days_later=1)
    except Invalid:
        begin, end, problem = None, None, _("Write days as 2026-03-12.")
    kind = asked["kind"] if asked["kind"] in KINDS else ""
    page = reading.reports(kind, asked["q"], begin, end, cursor=request.args.get("page", ""))
    shown = render_template(
        "reports/index.html",
        page=page,
        asked={**asked, "kind": kind},
        is_narrow=any(asked.values()),
        problem=problem,
        form=form,
    )
    return make_response(shown, 422 if problem else 200)


def _midnight(text: str, days_later: int = 0) -> datetime | None:
    """Return when a day begins on the organisation's clock, or one so many days later; raises Invalid."""
    typed = instant(text[:10], "day")
    if typed is None or not days_later:
        return typed
    # A day may have 23 or 25 hours.
    day = to_local(typed, current_settings().timezone).date() + timedelta(days=days_later)
    return instant(day.isoformat(), "day")


def _why_not_made(error: Invalid) -> str:
    if error.facts.get("field") == "start":
        return _(
            "Name a period that is over: an hour as 2026-03-12T09, a day as 2026-03-12, a month as 2026-03."
        )
    return _("Choose a kind of report.")


def _to(report: Report) -> AnyResponse:
    return redirect(url_for(".show", report_id=report.id), 303)
