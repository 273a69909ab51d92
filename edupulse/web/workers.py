"""The workers: which are wanted, what each one does; started, stopped, renewed, added and taken away."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from edupulse import clock
from edupulse.accounts.audit import entries_of
from edupulse.control import monitor, pools
from edupulse.control.catalog import QUEUES
from edupulse.control.pools import PoolFacts, Started
from edupulse.errors import Conflict, Invalid
from edupulse.version import VERSION
from edupulse.web.errors import status_of
from edupulse.web.filters import counted
from edupulse.web.flashes import say
from edupulse.web.form import Form
from edupulse.web.instants import whole

blueprint = Blueprint("workers", __name__, url_prefix="/workers")

FIELDS = ("name", "queues", "processes")


@blueprint.get("")
def index() -> str:
    """Show the pools, and each process with what it works on."""
    now = clock.now()
    template = "workers/_live.html" if request.args.get("part") == "live" else "workers/index.html"
    return render_template(
        template, pools=pools.pools(now), processes=monitor.worker_list(now), main=pools.MAIN, version=VERSION
    )


@blueprint.post("/<any(start, stop, restart):order>")
def order_all(order: str) -> Response:
    """Start, stop or restart the workers of every pool."""
    if order == "stop":
        pools.stop_all(actor=current_user.email)
        say(STOPPED, tone="wait")
    else:
        start = pools.start_all if order == "start" else pools.restart_all
        say(in_words(order, start(actor=current_user.email)))
    return _back()


@blueprint.get("/new")  # beside the pools, because one of them may be called “new”
def new() -> str:
    """Show the form of a new pool."""
    return _form_page(Form(MultiDict({"processes": "1"})))


@blueprint.post("/pools")
def add() -> Response:
    """Add a pool; what cannot be used comes back with every word still there."""
    form = Form(MultiDict(request.form))
    try:
        processes = _processes(form)
        pool = pools.add(
            form.value("name"), _queues(form), 1 if processes is None else processes, actor=current_user.email
        )
    except (Invalid, Conflict) as error:
        return _refused(form, error)
    say(f"The pool {pool.name} is wanted. Its workers start within seconds.")
    return _back()


@blueprint.get("/pools/<name>")
def edit(name: str) -> str:
    """Show the form of a pool."""
    pool = pools.pool(name, clock.now())
    processes = "" if pool.follows_setting else str(pool.processes)
    values: list[tuple[str, str]] = [("processes", processes), *(("queues", queue) for queue in pool.queues)]
    return _form_page(Form(MultiDict(values)), pool)


@blueprint.post("/pools/<name>")
def change(name: str) -> Response:
    """Change the queues of a pool or the number of its workers."""
    pool, form = pools.pool(name, clock.now()), Form(MultiDict(request.form))
    try:
        pools.change(name, queues=_queues(form), processes=_processes(form), actor=current_user.email)
    except (Invalid, Conflict) as error:
        return _refused(form, error, pool)
    say(
        f"Saved. The workers of {name} are replaced one after the other; what they work on is finished first."
    )
    return _back()


@blueprint.post("/pools/<name>/<any(start, stop, restart):order>")
def order(name: str, order: str) -> Response:
    """Start, stop or restart the workers of one pool."""
    if order == "stop":
        pools.stop(name, actor=current_user.email)
        say(STOPPED, tone="wait")
    else:
        start = pools.start if order == "start" else pools.restart
        say(in_words(order, start(name, actor=current_user.email)))
    return _back()


@blueprint.post("/pools/<name>/removal")
def remove(name: str) -> Response:
    """Take a pool away."""
    pools.remove(name, actor=current_user.email)
    say(f"The pool {name} is removed. What its workers have begun is finished first.", tone="wait")
    return _back()


STOPPED = "They are asked to stop. A job under way gets its time to end, else it goes back to its queue."


def in_words(order: str, started: Started) -> str:
    """Say what came of starting: which pools, and whether the schedules fit the mailboxes."""
    which = ", ".join(started.pools)
    first = f"{which}: {'the workers start' if order == 'start' else 'new workers take over'} within seconds."
    if started.mailboxes is None:
        return first
    total = started.mailboxes.total
    return (
        f"{first} {counted(total, 'schedule')} of mailboxes {'fits' if total == 1 else 'fit'} the mailboxes."
    )


def _queues(form: Form) -> list[str]:
    """Return the chosen queues in the order in which they are served."""
    chosen = form.values.getlist("queues")
    return [queue for queue in QUEUES if queue in chosen] + [each for each in chosen if each not in QUEUES]


def _processes(form: Form) -> int | None:
    return whole(form.value("processes"), "The number of workers", "processes")


def _form_page(form: Form, pool: PoolFacts | None = None) -> str:
    facts: dict[str, Any] = {"form": form, "pool": pool, "queues": QUEUES}
    entries = entries_of(f"workers:{pool.name}") if pool else []
    return render_template("workers/pool.html", **facts, history_entries=entries)


def _refused(form: Form, error: Invalid | Conflict, pool: PoolFacts | None = None) -> Response:
    form.refuse(error, FIELDS)
    return make_response(_form_page(form, pool), status_of(error))


def _back() -> Response:
    return redirect(url_for("workers.index"), 303)
