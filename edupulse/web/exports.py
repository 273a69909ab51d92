"""Tables taken away as files: asked for, watched while they are written, downloaded, thrown away."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from edupulse import clock
from edupulse.accounts.audit import entries_of
from edupulse.errors import Invalid
from edupulse.exports import monitor, orders
from edupulse.exports.ending import UNDER_WAY
from edupulse.exports.rows import may_open
from edupulse.exports.shelf import pieces_of
from edupulse.exports.table import Table
from edupulse.exports.tables import TABLES, for_role, known, permitted
from edupulse.web.export_words import FILTERS, FORMATS, STATES, problem_of, progress_of, too_many
from edupulse.web.flashes import say
from edupulse.web.form import Form

blueprint = Blueprint("exports", __name__, url_prefix="/exports")


@blueprint.get("")
def index() -> str:
    """List one's own exports, for administrators everybody's."""
    state = request.args.get("state", "")
    page = monitor.listing(current_user, state, request.args.get("page", ""))
    template = "exports/_list.html" if request.args.get("part") == "live" else "exports/index.html"
    return render_template(template, page=page, state=state, **_words())


@blueprint.get("/new")
def new() -> str:
    """Choose a table, then say what of it; what stands in the address is filled in."""
    key = request.args.get("table", "")
    if not key:
        return render_template("exports/tables.html", tables=for_role(current_user.role))
    return _form(permitted(key, current_user.role), Form(MultiDict(request.args)))


@blueprint.post("")
def ask() -> AnyResponse:
    """Ask for a file; what cannot be used comes back beside its field."""
    table, form = known(request.form.get("table", "")), Form(MultiDict(request.form))
    filters = {each.name: form.value(each.name) for each in table.every_filter}
    try:
        export = orders.ask(table.key, form.value("format"), filters, reader=current_user)
    except Invalid as error:
        form.errors[str(error.facts.get("field") or "")] = problem_of(error, table)
        return make_response(_form(table, form), 422)
    except orders.TooMany:
        form.errors[""] = too_many()
        return make_response(_form(table, form), 409)
    say(_("It is being written. You may leave this page: you are told when it is ready."))
    return redirect(url_for(".show", export_id=export.id), 303)


@blueprint.get("/<int:export_id>")
def show(export_id: int) -> str:
    """Show how far an export is, and the file once it is there."""
    export = monitor.export(export_id, current_user)
    facts = {
        "export": export,
        "may_open": may_open(export, current_user),
        "left": monitor.seconds_left(export, clock.now()),
        **_words(),
    }
    if request.args.get("part") == "live":
        return render_template("exports/_progress.html", **facts)
    history = entries_of(f"export:{export_id}")
    every = 1 if export.state in UNDER_WAY else 30
    return render_template("exports/show.html", history_entries=history, every=every, **facts)


@blueprint.post("/<int:export_id>/downloads")
def download(export_id: int) -> Response:
    """Hand the file out, piece by piece, and write down that it was taken."""
    file = monitor.file(export_id, current_user)
    response = Response(pieces_of(file.data, file.size), content_type=file.content_type)
    response.content_length = file.size
    response.headers.set("Content-Disposition", "attachment", filename=file.export.filename)
    return response


@blueprint.post("/<int:export_id>/cancellation")
def cancel(export_id: int) -> AnyResponse:
    """Stop writing it."""
    orders.cancel(export_id, reader=current_user)
    say(_("It is called off. What was written of it is deleted."))
    return redirect(url_for(".show", export_id=export_id), 303)


@blueprint.post("/<int:export_id>/deletion")
def delete(export_id: int) -> AnyResponse:
    """Throw the file away before its time."""
    orders.delete(export_id, reader=current_user)
    say(_("The file is deleted."))
    return redirect(url_for(".show", export_id=export_id), 303)


def _form(table: Table, form: Form) -> str:
    return render_template("exports/form.html", table=table, form=form, labels=FILTERS, formats=FORMATS)


def _words() -> dict[str, object]:
    return {
        "tables": TABLES, "states": STATES, "formats": FORMATS, "labels": FILTERS, "progress_of": progress_of,
        "under_way": UNDER_WAY,
    }  # fmt: skip
