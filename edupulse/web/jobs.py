"""Job runs as people look for them: a list by filter, and one run with everything that is known of it."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from edupulse import clock
from edupulse.accounts.audit import entries_of
from edupulse.control import monitor
from edupulse.control.catalog import QUEUES, current_catalog
from edupulse.control.monitor import RunFilter
from edupulse.web.words import RUN

blueprint = Blueprint("jobs", __name__, url_prefix="/jobs")


@blueprint.get("")
def index() -> str:
    """List runs by the filter in the address, with the queues and who works on them."""
    arguments, now = request.args, clock.now()
    filters = RunFilter(*(arguments.get(name, "").strip() for name in ("state", "name", "queue", "text")))
    facts = {"page": monitor.runs(filters, arguments.get("page", "")), "filters": filters, "states": RUN}
    if arguments.get("part") == "live":
        return render_template("jobs/_list.html", **facts)
    names, queues = sorted(current_catalog().specs), monitor.queue_loads(now)
    processes = monitor.live_processes(now)
    return render_template(
        "jobs/index.html", **facts, names=names, queues=queues, all_queues=QUEUES, processes=processes
    )


@blueprint.get("/<run_id>")
def show(run_id: str) -> str:
    """Show one run."""
    run = monitor.run(run_id)
    spec = current_catalog().specs.get(run.name)
    template = "jobs/_run.html" if request.args.get("part") == "live" else "jobs/show.html"
    return render_template(template, run=run, spec=spec, history_entries=entries_of(f"job:{run_id}"))
