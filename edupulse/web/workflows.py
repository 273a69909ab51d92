"""Jobs that belong together: a list, one workflow with its steps, and a way to stop it."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from edupulse.accounts.audit import entries_of
from edupulse.control import workflow_history
from edupulse.control.workflow import cancel as cancel_workflow
from edupulse.web.flashes import say
from edupulse.web.words import WORKFLOW

blueprint = Blueprint("workflows", __name__, url_prefix="/workflows")


@blueprint.get("")
def index() -> str:
    """List workflows by the filter in the address."""
    state = request.args.get("state", "")
    page = workflow_history.workflows(state, request.args.get("page", ""))
    template = "workflows/_list.html" if request.args.get("part") == "live" else "workflows/index.html"
    return render_template(template, page=page, state=state, states=WORKFLOW)


@blueprint.get("/<int:workflow_id>")
def show(workflow_id: int) -> str:
    """Show one workflow and its steps."""
    shown = workflow_history.workflow(workflow_id)
    template = "workflows/_steps.html" if request.args.get("part") == "live" else "workflows/show.html"
    entries = entries_of(f"workflow:{workflow_id}")
    return render_template(template, workflow=shown.workflow, steps=shown.steps, history_entries=entries)


@blueprint.post("/<int:workflow_id>/cancellation")
def cancel(workflow_id: int) -> Response:
    """Stop what runs of it, and begin nothing more."""
    reason = request.form.get("reason", "").strip()
    cancel_workflow(workflow_id, actor=current_user.email, reason=reason)
    say("Nothing of it begins any more, and what runs was asked to stop.", tone="wait")
    return redirect(url_for("workflows.show", workflow_id=workflow_id), 303)
