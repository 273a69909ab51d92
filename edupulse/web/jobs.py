"""Job runs as people look for them: a list by filter, and one run with everything that is known of it."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for

from edupulse import clock
from edupulse.accounts.audit import entries_of
from edupulse.control import monitor, pauses
from edupulse.control.catalog import QUEUES, current_catalog
from edupulse.control.diagnosis import explain
from edupulse.web.run_filters import fields_of, filters_of_request, words_of
from edupulse.web.words import PRIORITIES, RUN

blueprint = Blueprint("jobs", __name__, url_prefix="/jobs")


@blueprint.get("")
def index() -> str:
    """List runs by the filter in the address, with the queues and who works on them."""
    filters = filters_of_request()
    page = monitor.runs(filters, request.args.get("page", ""))
    facts = {"page": page, "filters": filters, "chosen": fields_of(filters), "states": RUN}
    if request.args.get("part") == "live":
        return render_template("jobs/_list.html", **facts)
    now = clock.now()
    return render_template(
        "jobs/index.html",
        **facts,
        said=words_of(filters),
        names=sorted(current_catalog().specs),
        queues=monitor.queue_loads(now),
        all_queues=QUEUES,
        processes=monitor.live_processes(now),
        in_hand=monitor.work_in_hand(),
        paused_jobs=[pause for pause in pauses.holding(now) if pause.scope == "job"],
    )


@blueprint.get("/<run_id>")
def show(run_id: str) -> str:
    """Show one run."""
    run, now = monitor.run(run_id), clock.now()
    held = [p for p in pauses.holding(now) if p.name == (run.queue if p.scope == "queue" else run.name)]
    template = "jobs/_run.html" if request.args.get("part") == "live" else "jobs/show.html"
    return render_template(
        template,
        run=run,
        spec=current_catalog().specs.get(run.name),
        held=held[0] if held and not run.is_final else None,
        holder=monitor.holder_of_key(run),
        waiting=monitor.waits_for(run, now) if run.state in ("queued", "deferred") else None,
        cause=explain(run.error_class, run.error_message, name=run.name) if run.state == "failed" else None,
        workflow_id=(workflow_id := monitor.workflow_of(run)),
        workflow_page=url_for("workflows.show", workflow_id=workflow_id) if workflow_id else None,
        priority=PRIORITIES.get(run.priority, run.priority),
        history_entries=entries_of(f"job:{run_id}"),
    )
