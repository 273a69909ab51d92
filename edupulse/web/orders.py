"""What an operator orders about runs: one from its page, all that a search has found after a look at their number."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from edupulse.control import actions
from edupulse.control.monitor import runs
from edupulse.web.filters import counted
from edupulse.web.flashes import say
from edupulse.web.run_filters import fields_of, filters_of_request, words_of

blueprint = Blueprint("orders", __name__, url_prefix="/jobs")

SHOWN = 10  # runs that are shown as examples of what an order is about


@blueprint.post("/<run_id>/cancellation")
def cancel(run_id: str) -> Response:
    """Call one run off."""
    run = actions.cancel(run_id, current_user.email, _reason())
    if run.is_final:
        say("It is called off.")
    else:
        say("It was asked to stop. If it does not within seconds, it is ended.", tone="wait")
    return _back_to(run_id)


@blueprint.post("/<run_id>/retry")
def retry(run_id: str) -> Response:
    """Try one run again."""
    actions.retry(run_id, current_user.email)
    say("It is queued again. This page shows what becomes of it.")
    return _back_to(run_id)


@blueprint.post("/<run_id>/push")
def requeue(run_id: str) -> Response:
    """Hand one run that waits to the workers once more, now."""
    actions.requeue(run_id, current_user.email)
    say("It is due now.")
    return _back_to(run_id)


@blueprint.post("/<run_id>/settlement")
def leave(run_id: str) -> Response:
    """Leave an interrupted run as it is."""
    actions.leave(run_id, current_user.email, _reason())
    say("Noted: it is not repeated and counts as failed.")
    return _back_to(run_id)


@blueprint.get("/retries")
def ask_retry() -> str:
    """Show how many runs would be tried again."""
    return _ask("retry", actions.retry_all(filters_of_request(), "", dry_run=True))


@blueprint.post("/retries")
def retry_all() -> Response:
    """Try all runs again that match the filter."""
    count = actions.retry_all(filters_of_request(), current_user.email)
    say(f"{counted(count, 'run')} queued again.")
    return _back_to_list()


@blueprint.get("/cancellations")
def ask_cancel() -> str:
    """Show how many runs would be called off."""
    filters = filters_of_request()
    waiting = actions.cancel_all(filters, "", waiting_only=True, dry_run=True)
    return _ask("cancel", actions.cancel_all(filters, "", dry_run=True), waiting)


@blueprint.post("/cancellations")
def cancel_all() -> Response:
    """Call off all runs that match the filter, or those of them that wait."""
    waiting_only = request.form.get("which") != "all"
    count = actions.cancel_all(filters_of_request(), current_user.email, _reason(), waiting_only=waiting_only)
    say(f"{counted(count, 'run')} called off.", tone="wait" if count else "ok")
    return _back_to_list()


@blueprint.get("/pushes")
def ask_requeue() -> str:
    """Show how many runs would be handed to the workers once more."""
    return _ask("requeue", actions.requeue_all(filters_of_request(), "", dry_run=True))


@blueprint.post("/pushes")
def requeue_all() -> Response:
    """Hand all runs that wait and match the filter to the workers once more, now."""
    count = actions.requeue_all(filters_of_request(), current_user.email)
    say(f"{counted(count, 'run')} due now.")
    return _back_to_list()


def _ask(order: str, count: int, waiting: int = 0) -> str:
    filters = filters_of_request()
    some = runs(filters, size=SHOWN).items
    return render_template(
        "jobs/order.html",
        order=order,
        count=count,
        waiting=waiting,
        chosen=fields_of(filters),
        said=words_of(filters),
        some=some,
    )


def _reason() -> str:
    return request.form.get("reason", "").strip()


def _back_to(run_id: str) -> Response:
    return redirect(url_for("jobs.show", run_id=run_id), 303)


def _back_to_list() -> Response:
    chosen: dict[str, Any] = fields_of(filters_of_request())
    return redirect(url_for("jobs.index", **chosen), 303)
