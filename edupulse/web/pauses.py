"""A queue or a kind of job is held, with a reason and perhaps an end, and goes on again."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from edupulse import clock
from edupulse.control import pauses
from edupulse.errors import Invalid, NotFound
from edupulse.web.flashes import say

blueprint = Blueprint("pauses", __name__, url_prefix="/pauses")

LENGTHS = {"": "Until I resume it", "60": "1 hour", "240": "4 hours", "1440": "1 day"}  # minutes


@blueprint.get("/<scope>/<name>")
def show(scope: str, name: str) -> str:
    """Show what pausing this would mean, or what holds it."""
    _require(scope, name)
    held = [row for row in pauses.holding(clock.now()) if (row.scope, row.name) == (scope, name)]
    waiting = pauses.waiting_in(scope, name)
    return render_template(
        "jobs/pause.html",
        scope=scope,
        name=name,
        held=held[0] if held else None,
        lengths=LENGTHS,
        waiting=waiting,
    )


@blueprint.post("/<scope>/<name>")
def pause(scope: str, name: str) -> Response:
    """Let nothing of it begin any more."""
    _require(scope, name)
    length = request.form.get("length", "")
    if length not in LENGTHS:
        raise Invalid("Say for how long.", cure="Choose one of the lengths that the page offers.")
    until = clock.now() + timedelta(minutes=int(length)) if length else None
    pauses.pause(scope, name, current_user.email, request.form.get("reason", "").strip(), until)
    say(f"{name} is paused. What is under way goes on; what waits is kept.", tone="wait")
    return redirect(url_for("jobs.index"), 303)


@blueprint.post("/<scope>/<name>/end")
def resume(scope: str, name: str) -> Response:
    """Let it go on."""
    _require(scope, name)
    pauses.resume(scope, name, current_user.email)
    say(f"{name} goes on.")
    return redirect(url_for("jobs.index"), 303)


def _require(scope: str, name: str) -> None:
    """Raise NotFound for an address that names nothing."""
    try:
        pauses.check(scope, name)
    except Invalid as error:
        raise NotFound(error.message, cure=error.cure) from error
