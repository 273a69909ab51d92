"""What runs by itself: each schedule in words, its next runs, a switch, and what an operator wants otherwise."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from edupulse import clock
from edupulse.accounts.audit import entries_of
from edupulse.control import monitor, schedule, schedule_changes
from edupulse.control.catalog import current_catalog
from edupulse.control.monitor import LATE_AFTER, RunFilter
from edupulse.control.occurrences import describe
from edupulse.errors import Conflict, Invalid, NotFound
from edupulse.web.errors import status_of
from edupulse.web.flashes import say
from edupulse.web.form import Form
from edupulse.web.schedule_form import MISFIRES, OVERLAPS, filled, read, refuse
from edupulse.web.zones import zone_choices

blueprint = Blueprint("schedules", __name__, url_prefix="/schedules")

NEXT_RUNS = 5
LATEST = 5  # runs on the page of a schedule; the list of jobs has them all


@blueprint.get("")
def index() -> str:
    """List the schedules."""
    now = clock.now()
    lines = schedule.listing(now, NEXT_RUNS)
    return render_template("schedules/index.html", lines=lines, late_before=now - LATE_AFTER)


@blueprint.post("/synchronisations")
def sync() -> Response:
    """Make the timetable match the catalog and the mailboxes, which also happens by itself."""
    stats = schedule_changes.sync_now(actor=current_user.email)
    changes = ", ".join(f"{getattr(stats, name)} {name}" for name in ("added", "removed", "updated"))
    say(f"The timetable is right: {changes}, {stats.total} in all.")
    return _back()


@blueprint.get("/<name>")
def show(name: str) -> str:
    """Show one schedule with its next runs, and what can be changed."""
    return _page(name, filled(schedule.existing(name)))


@blueprint.post("/<name>")
def change(name: str) -> Response:
    """Let it run otherwise than the code says; what cannot be comes back with every word."""
    form = Form(MultiDict(request.form))
    try:
        wanted = read(form, schedule.existing(name))
        schedule_changes.change(name, wanted, actor=current_user.email)
    except (Invalid, Conflict) as error:
        refuse(form, error)
        return make_response(_page(name, form), status_of(error))
    say("Saved. Below stand its next runs; it stays so until somebody changes or resets it.")
    return _back(name)


@blueprint.post("/<name>/reset")
def reset(name: str) -> Response:
    """Let it run as the code says again."""
    schedule_changes.reset(name, actor=current_user.email)
    say("What was changed is taken back. It runs as EduPulse has it by default.")
    return _back(name)


@blueprint.post("/<name>/runs")
def run(name: str) -> Response:
    """Let it run once now."""
    begun = schedule_changes.run_now(name, actor=current_user.email)
    say("It is queued now. This page shows what becomes of it; its next run by the clock stays where it is.")
    return redirect(url_for("jobs.show", run_id=begun.id), 303)


@blueprint.post("/<name>/pause")
def pause(name: str) -> Response:
    """Stop a schedule from running until somebody resumes it."""
    schedule.pause(name, current_user.email)
    say(f"{name} is paused: it does not run until you resume it.", tone="wait")
    return _back(name if request.form.get("back") == "one" else "")


@blueprint.post("/<name>/resumption")
def resume(name: str) -> Response:
    """Let a paused schedule run again."""
    schedule.resume(name, current_user.email)
    say(f"{name} runs again by itself.")
    return _back(name if request.form.get("back") == "one" else "")


def _page(name: str, form: Form) -> str:
    now = clock.now()
    line = schedule.show(name, now, NEXT_RUNS)
    return render_template(
        "schedules/show.html",
        line=line,
        schedule=line.schedule,
        spec=current_catalog().specs.get(line.schedule.job),
        changed=[
            key.replace("_", " ") for key, value in sorted(line.schedule.changed.items()) if value is not None
        ],
        code_words=_words_of_the_code(name),
        keeps_own_times=name not in current_catalog().specs,
        late_before=now - LATE_AFTER,
        latest=monitor.runs(RunFilter(name=line.schedule.job), size=LATEST).items,
        form=form,
        misfires=MISFIRES,
        overlaps=OVERLAPS,
        zones=zone_choices(now),
        history_entries=entries_of(f"schedule:{name}"),
    )


def _words_of_the_code(name: str) -> str:
    """Say when it runs unless somebody changes it; empty for what the code knows no more."""
    try:
        return describe(schedule_changes.original(name).rule(name))
    except NotFound:
        return ""


def _back(name: str = "") -> Response:
    return redirect(url_for(".show", name=name) if name else url_for(".index"), 303)
