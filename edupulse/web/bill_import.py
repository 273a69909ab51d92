"""A file of bills is looked into first: what would be entered and what not, and only then is it taken in."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from edupulse.errors import Invalid
from edupulse.finance import intake
from edupulse.finance.intake import IntakeReport
from edupulse.web import uploads
from edupulse.web.bill_refusals import sentence, spoken
from edupulse.web.bill_words import words
from edupulse.web.flashes import say
from edupulse.web.security import takes

blueprint = Blueprint("bill_import", __name__, url_prefix="/bills/import")
blueprint.context_processor(words)

LARGEST_UPLOAD = 25  # megabytes: a table of 20 MB, and what a form puts around it
SHOWN_PROBLEMS = 50
SUBJECT = "bills"
CSV = "text/csv; charset=utf-8"


@blueprint.get("")
def choose_file() -> str:
    """Ask for a file of bills."""
    return render_template("bills/import.html", problem="")


@blueprint.post("")
@takes(LARGEST_UPLOAD)
def send() -> AnyResponse:
    """Keep a file for its sender and show what would be entered."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return _refused(_("Choose a file first."))
    data = file.read()
    try:
        _trial(data, file.filename)
    except Invalid as error:
        return _refused(sentence(error))
    kept = uploads.keep(data, file.filename, owner=current_user.id, subject=SUBJECT)
    return redirect(url_for(".look", token=kept.token), 303)


@blueprint.get("/<token>")
def look(token: str) -> str:
    """Show what a file would enter, and the lines that cannot be used."""
    kept = _fetch(token)
    report = _trial(kept.data, kept.filename)
    return render_template(
        "bills/upload.html",
        token=token,
        filename=kept.filename,
        report=report,
        problems=report.problems[:SHOWN_PROBLEMS],
        spoken=spoken,
    )


@blueprint.post("/<token>")
def take_in(token: str) -> AnyResponse:
    """Enter what the report showed."""
    kept, remind = _fetch(token), request.form.get("remind") == "on"
    report = intake.take_in(kept.data, kept.filename, actor=current_user.email, remind=remind)
    uploads.drop(token)
    entered = ngettext("%(num)s bill is entered.", "%(num)s bills are entered.", report.added)
    left = ngettext("%(num)s line was rejected.", "%(num)s lines were rejected.", report.rejected)
    say(f"{entered} {left}" if report.rejected else entered, tone="ok" if report.added else "wait")
    return redirect(url_for("bills.index"), 303)


@blueprint.post("/<token>/deletion")
def forget(token: str) -> AnyResponse:
    """Leave a file that was looked into."""
    _fetch(token)
    uploads.drop(token)
    say(_("The file was left out. Nothing was entered."), tone="wait")
    return redirect(url_for(".choose_file"), 303)


@blueprint.get("/<token>/errors")
def errors(token: str) -> Response:
    """Return the lines of a file that cannot be used, and why, as a file."""
    kept = _fetch(token)
    report = _trial(kept.data, kept.filename)
    response = make_response(intake.problems_as_csv(report.problems, rejected=report.rejected))
    response.headers["Content-Type"] = CSV
    response.headers["Content-Disposition"] = 'attachment; filename="rejected-bills.csv"'
    return response


def _trial(data: bytes, filename: str) -> IntakeReport:
    return intake.take_in(data, filename, actor=current_user.email, dry_run=True)


def _fetch(token: str) -> uploads.Upload:
    return uploads.fetch(token, owner=current_user.id, subject=SUBJECT)


def _refused(problem: str) -> Response:
    return make_response(render_template("bills/import.html", problem=problem), 422)
