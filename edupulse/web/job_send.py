"""Every job there is, and one of them sent by hand through a form that is made from what it takes."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from edupulse import clock
from edupulse.control import pauses, sending
from edupulse.control.catalog import JobSpec, current_catalog
from edupulse.control.models import JobRun
from edupulse.control.parameters import parameters
from edupulse.control.schedule import Listed, listing
from edupulse.control.waiting import waits_for
from edupulse.errors import Conflict, Invalid, NotFound
from edupulse.logs import current_request_id
from edupulse.web.errors import status_of
from edupulse.web.flashes import say
from edupulse.web.form import Form
from edupulse.web.job_send_form import ARGUMENT, IF_EXISTS, Order, blank, read

blueprint = Blueprint("job_send", __name__, url_prefix="/jobs/send")

PRIORITIES = {"high": "High", "normal": "Normal", "low": "Low"}


@blueprint.get("")
def index() -> str:
    """List every job of the catalog with its limits and its schedule."""
    now = clock.now()
    return render_template(
        "jobs/registered.html",
        specs=sorted(current_catalog().specs.values(), key=lambda spec: spec.name),
        parameters=parameters,
        schedules=_by_job(),
        held={pause.name: pause for pause in pauses.holding(now) if pause.scope == "job"},
    )


@blueprint.get("/<name>")
def form(name: str) -> str:
    """Show the form of one job."""
    spec = _spec(name)
    return _page(spec, blank(spec))


@blueprint.post("/<name>")
def send(name: str) -> Response:
    """Send it; what does not fit comes back with every word."""
    spec, typed = _spec(name), Form(MultiDict(request.form))
    try:
        run = _send(spec, read(typed, spec))
    except (Invalid, Conflict) as error:
        _refuse(typed, error, spec)
        return make_response(_page(spec, typed), status_of(error))
    _say_what_comes(run)
    return redirect(url_for("jobs.show", run_id=run.id), 303)


def _send(spec: JobSpec, order: Order) -> JobRun:
    return sending.send(
        spec.name,
        order.arguments,
        actor=current_user.email,
        priority=order.priority,
        not_before=order.not_before,
        unique_key=order.unique_key,
        if_exists=order.if_exists,
    )


def _say_what_comes(run: JobRun) -> None:
    waiting = waits_for(run, clock.now())
    is_new = run.request_id == current_request_id()
    first = "Accepted." if is_new else "Nothing was added: this run has the key already."
    say(f"{first} {waiting.sentence}" if waiting else first, tone="ok" if is_new else "wait")


def _refuse(typed: Form, error: Invalid | Conflict, spec: JobSpec) -> None:
    typed.refuse(error, {*(ARGUMENT + each.name for each in parameters(spec)), "not_before", "unique_key"})


def _page(spec: JobSpec, typed: Form) -> str:
    return render_template(
        "jobs/send.html",
        spec=spec,
        form=typed,
        parameters=parameters(spec),
        prefix=ARGUMENT,
        priorities=PRIORITIES,
        if_exists=IF_EXISTS,
        lines=_by_job().get(spec.name, []),
    )


def _by_job() -> dict[str, list[Listed]]:
    """Return the schedules of each job that has any; a job may have many, such as one for each mailbox."""
    found: dict[str, list[Listed]] = {}
    for line in listing(clock.now()):
        found.setdefault(line.schedule.job, []).append(line)
    return found


def _spec(name: str) -> JobSpec:
    try:
        return current_catalog().get(name)
    except Invalid as error:
        raise NotFound(error.message, cure=error.cure) from error
