"""`/exports`: tables as files, asked for, followed, fetched and thrown away."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from flask import Response
from pydantic import Field

from edupulse.api.answers import facts_of, file_answer, page_of
from edupulse.api.gate import caller
from edupulse.api.noun import File, Noun
from edupulse.api.schema import Body, ListOf, Paged, PageOf, Shown, Text
from edupulse.exports import monitor, orders
from edupulse.exports.formats import FORMATS
from edupulse.exports.shelf import pieces_of
from edupulse.exports.tables import for_role

noun = Noun("exports", __name__, url_prefix="/exports")

ExportState = Literal["queued", "running", "done", "failed", "cancelled", "expired"]


class Export(Shown):
    """A table as a file: what was asked for, how far it is, and until when the file is kept."""

    id: int
    table: str
    format: str
    filters: dict[str, Any]
    state: ExportState
    error: str
    rows: int  # written so far
    total: int | None  # that there were when it began
    bytes: int
    sha256: str
    filename: str
    actor: str
    run_id: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime | None
    downloads: int


class ExportTable(Shown):
    """A table that the caller may take away: its columns in order, and the names of its filters."""

    key: str
    title: str
    columns: list[str]
    filters: list[str]


class NewExport(Body):
    """`filters` by name, as `/exports/tables/` lists them; days such as 2026-03-12 are both included."""

    table: Text
    format: Literal["csv", "jsonl", "xlsx"] = "csv"
    filters: dict[str, Text] = Field(default_factory=dict)


class Which(Paged):
    """Those in `state`."""

    state: ExportState | Literal[""] = Field("", description="Only those in it.")


@noun.get("/", query=Which, gives=PageOf[Export])
def list_exports(query: Which) -> dict[str, Any]:
    """List one's own, for administrators everybody's, newest first."""
    return page_of(monitor.listing(caller(), query.state, **query.page()), Export)


@noun.get("/tables/", gives=ListOf[ExportTable])
def list_tables() -> dict[str, Any]:
    """List the tables that the caller may see."""
    return {
        "items": [
            {
                "key": table.key,
                "title": table.title,
                "columns": [column.name for column in table.columns],
                "filters": [each.name for each in table.every_filter],
            }
            for table in for_role(caller().role)
        ]
    }


@noun.post("/", body=NewExport, gives=Export, status=202)
def ask(body: NewExport) -> dict[str, Any]:
    """Ask for a file; the same one, asked for again while it is written, is that one."""
    return facts_of(orders.ask(body.table, body.format, body.filters, reader=caller()), Export)


@noun.get("/<int:export_id>/", gives=Export)
def show(export_id: int) -> dict[str, Any]:
    """Say how far it is."""
    return facts_of(monitor.export(export_id, caller()), Export)


@noun.get("/<int:export_id>/file/", gives=File(tuple(each.content_type for each in FORMATS.values())))
def download(export_id: int) -> Response:
    """Return the finished file; that it was taken is written down."""
    file = monitor.file(export_id, caller())
    response = file_answer(pieces_of(file.data, file.size), file.export.filename, file.content_type)
    response.content_length = file.size
    return response


@noun.post("/<int:export_id>/cancel/", gives=Export)
def cancel(export_id: int) -> dict[str, Any]:
    """Stop writing it; what there is of it goes."""
    return facts_of(orders.cancel(export_id, reader=caller()), Export)


@noun.delete("/<int:export_id>/", gives=Export)
def delete(export_id: int) -> dict[str, Any]:
    """Throw the file away before its time; what is known of the export stays."""
    return facts_of(orders.delete(export_id, reader=caller()), Export)
