"""A calendar file is brought in, and the page says what became of each event in it."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request
from flask_login import current_user

from edupulse.errors import Invalid
from edupulse.reminders import events
from edupulse.reminders.events import ImportReport

blueprint = Blueprint("event_import", __name__, url_prefix="/events/import")


@blueprint.get("")
def choose_file() -> str:
    """Ask for a calendar file."""
    return render_template("events/import.html", report=None, problem="")


@blueprint.post("")
def import_file() -> Response:
    """Bring in the events of a calendar file and say what became of each."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return _page(problem="Choose a calendar file (.ics) first.", status=422)
    try:
        report = events.import_ics(file.read(), current_user.email, current_user.id)
    except Invalid as error:
        return _page(problem=str(error), status=422)
    return _page(report=report, status=200)


def _page(*, report: ImportReport | None = None, problem: str = "", status: int) -> Response:
    return make_response(render_template("events/import.html", report=report, problem=problem), status)
