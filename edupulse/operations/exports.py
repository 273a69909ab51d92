"""Tables as files: asked for, followed, fetched, thrown away."""

from __future__ import annotations

from edupulse.operations.operation import OPERATOR, VIEWER, operation

OPERATIONS = (
    operation("exports.tables", VIEWER, web="exports.new", api="exports.list_tables", cli="exports tables"),
    operation("exports.list", VIEWER, web="exports.index", api="exports.list_exports", cli="exports list"),
    operation("exports.show", VIEWER, web="exports.show", api="exports.show", cli="exports show"),
    operation("exports.ask", VIEWER, web="exports.ask", api="exports.ask", cli="exports make"),
    operation(
        "exports.download", VIEWER, web="exports.download", api="exports.download", cli="exports download"
    ),
    operation("exports.cancel", VIEWER, web="exports.cancel", api="exports.cancel", cli="exports cancel"),
    operation("exports.delete", VIEWER, web="exports.delete", api="exports.delete", cli="exports delete"),
    operation("exports.expire", OPERATOR, web="job_send.send", api="jobs.send", cli="jobs send"),
)
