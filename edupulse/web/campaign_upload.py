"""A file of people is looked into, its columns are named, and only then is it taken in."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from edupulse.campaigns import audience
from edupulse.campaigns.rows import existing
from edupulse.campaigns.tables.columns import PARTS, Column
from edupulse.campaigns.tables.headings import field_name
from edupulse.campaigns.tables.table import Table
from edupulse.errors import Invalid
from edupulse.web import uploads
from edupulse.web.campaign_audience import as_file, refused_page, to_audience, to_audience_after
from edupulse.web.campaign_form import LANGUAGES
from edupulse.web.flashes import say
from edupulse.web.security import takes

blueprint = Blueprint("campaign_upload", __name__, url_prefix="/campaigns/<int:campaign_id>/audience/uploads")

LARGEST_UPLOAD = 25  # megabytes: a table of 20 MB, and what a form puts around it
SHOWN_ERRORS = 50
COLUMN = "column-"  # and its number: what a person says that it becomes


@blueprint.post("")
@takes(LARGEST_UPLOAD)
def send(campaign_id: int) -> AnyResponse:
    """Keep a file for its sender and show what would be taken in."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return refused_page(campaign_id, problem="Choose a file first.")
    data = file.read()
    try:
        audience.check(campaign_id, audience.read_table(data, file.filename))
    except Invalid as error:
        return refused_page(campaign_id, problem=str(error))
    kept = uploads.keep(data, file.filename, owner=current_user.id, subject=_subject(campaign_id))
    return redirect(url_for(".look", campaign_id=campaign_id, token=kept.token), 303)


@blueprint.get("/<token>")
def look(campaign_id: int, token: str) -> str:
    """Show what is in a file: its columns, its first people, its lines that cannot be taken."""
    table = _table(campaign_id, token)
    report = audience.check(campaign_id, table)
    return render_template(
        "campaigns/upload.html",
        campaign=existing(campaign_id),
        token=token,
        filename=table.title,
        table=table,
        recognised=", ".join(filter(None, (table.kind.upper(), table.encoding, table.separator))),
        meanings=meanings,
        chosen=_chosen(),
        report=report,
        errors=report.errors[:SHOWN_ERRORS],
        languages=LANGUAGES,
    )


@blueprint.post("/<token>")
def take_in(campaign_id: int, token: str) -> AnyResponse:
    """Take in what the report showed."""
    intake = audience.take_in(campaign_id, _table(campaign_id, token), actor=current_user.email)
    uploads.drop(token)
    return to_audience_after(campaign_id, intake)


@blueprint.post("/<token>/deletion")
def forget(campaign_id: int, token: str) -> AnyResponse:
    """Leave a file that was looked into."""
    _fetch(campaign_id, token)
    uploads.drop(token)
    say("The file was left out. Nothing was taken in.", tone="wait")
    return to_audience(campaign_id)


@blueprint.get("/<token>/errors")
def errors(campaign_id: int, token: str) -> Response:
    """Return the lines of a file that cannot be taken in, as a file."""
    report = audience.check(campaign_id, _table(campaign_id, token))
    return as_file(
        audience.errors_as_csv(report.errors, rejected=report.rejected), f"rejected-{campaign_id}.csv"
    )


def meanings(column: Column) -> list[tuple[str, str]]:
    """Return what a column may become: a part of a person, a field of the text, or nothing."""
    own = (
        column.becomes
        if column.becomes not in ("", *PARTS)
        else field_name(column.heading, column.number, ())
    )
    field = [(own, f"Field {own}")] if own else []
    return [("address", "Address"), ("name", "Name"), ("locale", "Language"), *field, ("", "– left out –")]


def _table(campaign_id: int, token: str) -> Table:
    """Return the table that was sent, its columns as the person chose them."""
    kept = _fetch(campaign_id, token)
    mapping = {name.removeprefix(COLUMN): value for name, value in _chosen().items()}
    return audience.read_table(kept.data, kept.filename, mapping)


def _chosen() -> dict[str, str]:
    return {name: value for name, value in request.values.items() if name.startswith(COLUMN)}


def _fetch(campaign_id: int, token: str) -> uploads.Upload:
    return uploads.fetch(token, owner=current_user.id, subject=_subject(campaign_id))


def _subject(campaign_id: int) -> str:
    return f"campaign:{campaign_id}"
