"""Reports: read, made, and sent to people regularly."""

from __future__ import annotations

from edupulse.operations.operation import OPERATOR, VIEWER, operation

OPERATIONS = (
    operation("reports.list", VIEWER, web="reports.index", api="reports.list_reports", cli="reports list"),
    operation("reports.show", VIEWER, web="reports.show", api="reports.show", cli="reports show"),
    operation("reports.table", VIEWER, web="reports.table", api="reports.table", cli="reports csv"),
    operation("reports.make", OPERATOR, web="reports.make reports.make_again", api="reports.make", cli="reports make"),
    operation(  # other people's are for administrators, which the doors see to
        "reports.subscriptions", VIEWER, web="report_subscriptions.index",
        api="report_subscriptions.list_subscriptions", cli="reports subscribers",
    ),
    operation(
        "reports.subscribe", VIEWER, web="report_subscriptions.subscribe", api="report_subscriptions.subscribe",
        cli="reports subscribe",
    ),
    operation(
        "reports.unsubscribe", VIEWER, web="report_subscriptions.unsubscribe",
        api="report_subscriptions.unsubscribe", cli="reports unsubscribe",
    ),
)  # fmt: skip
