"""What runs by itself: each schedule in words, its next runs, and a switch."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from edupulse import clock
from edupulse.control import schedule
from edupulse.control.monitor import LATE_AFTER
from edupulse.web.flashes import say

blueprint = Blueprint("schedules", __name__, url_prefix="/schedules")

NEXT_RUNS = 5


@blueprint.get("")
def index() -> str:
    """List the schedules."""
    now = clock.now()
    lines = schedule.listing(now, NEXT_RUNS)
    return render_template("schedules/index.html", lines=lines, late_before=now - LATE_AFTER)


@blueprint.post("/<name>/pause")
def pause(name: str) -> Response:
    """Stop a schedule from running until somebody resumes it."""
    schedule.pause(name, current_user.email)
    say(f"{name} is paused: it does not run until you resume it.", tone="wait")
    return redirect(url_for("schedules.index"), 303)


@blueprint.post("/<name>/resumption")
def resume(name: str) -> Response:
    """Let a paused schedule run again."""
    schedule.resume(name, current_user.email)
    say(f"{name} runs again by itself.")
    return redirect(url_for("schedules.index"), 303)
