"""A file of people is looked into line by line, and only at a word taken in."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from edupulse.errors import Invalid
from edupulse.people.intake import IntakeReport, problems_as_csv, take_in
from edupulse.web import uploads
from edupulse.web.flashes import say
from edupulse.web.people_words import file_words, labels, parts_changed, problem_words
from edupulse.web.security import takes

blueprint = Blueprint("people_import", __name__, url_prefix="/people/import")

LARGEST_UPLOAD = 25  # megabytes: a table of 20 MB, and what a form puts around it
SUBJECT = "people"
SHOWN_PROBLEMS = 50


@blueprint.get("")
def choose() -> str:
    """Ask for a file."""
    return render_template("people/import.html", problem="", labels=labels())


@blueprint.post("")
@takes(LARGEST_UPLOAD)
def send() -> AnyResponse:
    """Keep a file for its sender and show what would be taken in."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return _refused(_("Choose a file first."))
    data = file.read()
    try:
        take_in(data, file.filename, actor=current_user.email, dry_run=True)
    except Invalid as error:
        return _refused(file_words(error))
    kept = uploads.keep(data, file.filename, owner=current_user.id, subject=SUBJECT)
    return redirect(url_for(".look", token=kept.token), 303)


@blueprint.get("/<token>")
def look(token: str) -> str:
    """Show what would become of each line."""
    kept = _fetch(token)
    return render_template(
        "people/upload.html",
        token=token,
        filename=kept.filename,
        report=_looked_at(kept),
        labels=labels(),
        problem_words=problem_words,
        told=parts_changed,
        shown=SHOWN_PROBLEMS,
    )


@blueprint.post("/<token>")
def store(token: str) -> AnyResponse:
    """Take in what the page showed."""
    kept = _fetch(token)
    report = take_in(kept.data, kept.filename, actor=current_user.email)
    uploads.drop(token)
    say(_told(report), tone="wait" if report.rejected else "ok")
    return redirect(url_for("people.index"), 303)


@blueprint.post("/<token>/deletion")
def forget(token: str) -> AnyResponse:
    """Leave a file that was looked into."""
    _fetch(token)
    uploads.drop(token)
    say(_("The file was left out. Nothing was taken in."), tone="wait")
    return redirect(url_for("people.index"), 303)


@blueprint.get("/<token>/problems")
def problems(token: str) -> Response:
    """Return the lines that cannot be taken in, as a file."""
    report = _looked_at(_fetch(token))
    response = Response(
        problems_as_csv(report.problems, rejected=report.rejected), content_type="text/csv; charset=utf-8"
    )
    response.headers.set("Content-Disposition", "attachment", filename="people-rejected.csv")
    return response


def _fetch(token: str) -> uploads.Upload:
    return uploads.fetch(token, owner=current_user.id, subject=SUBJECT)


def _looked_at(kept: uploads.Upload) -> IntakeReport:
    return take_in(kept.data, kept.filename, actor=current_user.email, dry_run=True)


def _told(report: IntakeReport) -> str:
    said = _(
        "%(added)s added, %(changed)s changed, %(same)s as before.",
        added=report.added,
        changed=report.changed,
        same=report.same,
    )
    if not report.rejected:
        return said
    left = ngettext("%(num)s line was left out.", "%(num)s lines were left out.", report.rejected)
    return _("%(said)s %(left)s", said=said, left=left)


def _refused(sentence: str) -> AnyResponse:
    return make_response(render_template("people/import.html", problem=sentence, labels=labels()), 422)
