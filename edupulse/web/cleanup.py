"""Old data: each class with how long it is kept, what would go now, and the order that it goes."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.control.models import JobRun
from edupulse.errors import Invalid
from edupulse.upkeep import cleanup, orders
from edupulse.upkeep.classes import CLASSES
from edupulse.web.flashes import say

blueprint = Blueprint("cleanup", __name__, url_prefix="/cleanup")


@blueprint.get("")
def index() -> str:
    """List the classes of data; with `look` also how much of each would go now."""
    return _page(looks="look" in request.args)


@blueprint.post("/runs")
def run() -> Response:
    """Let a job delete what is old of the chosen classes."""
    try:
        begun = orders.clean_up(request.form.getlist("classes"), actor=current_user.email)
    except Invalid as error:
        problem = _("Choose at least one class.") if not request.form.getlist("classes") else str(error)
        return make_response(_page(looks=True, problem=problem), 422)
    say(_("What is old goes now. This page shows how far it has come."))
    return _to(begun)


@blueprint.post("/caches")
def clear_caches() -> Response:
    """Let a job empty the caches."""
    begun = orders.clear_caches(actor=current_user.email)
    say(_("The caches are being emptied. This page shows what went."))
    return _to(begun)


def _page(*, looks: bool, problem: str = "") -> str:
    found = cleanup.run(now(), dry_run=True) if looks else []
    amounts = {each.key: each for each in found}
    picked = request.form.getlist("classes") or [each.key for each in found if each.rows]
    return render_template(
        "cleanup/index.html",
        classes=CLASSES,
        amounts=amounts,
        orphans=amounts.get(cleanup.ORPHANS),
        looks=looks,
        picked=picked,
        problem=problem,
        settings=current_settings(),
    )


def _to(begun: JobRun) -> Response:
    return redirect(url_for("jobs.show", run_id=begun.id), 303)
