"""`/reports`: searched, read, taken along as a table, made."""

from __future__ import annotations

from typing import Any

from flask import Response

from edupulse.api.answers import file_answer, page_of
from edupulse.api.gate import actor
from edupulse.api.noun import File, Noun
from edupulse.api.report_facts import PeriodReport, ReportInFull, facts_of_report, report_in_full
from edupulse.api.schema import Body, Instant, Paged, PageOf, Text
from edupulse.reports import orders, reading

noun = Noun("reports", __name__, url_prefix="/reports")


class WhichReports(Paged):
    """`search` looks for words in titles and figures; `since` and `until` are about the start of the period."""

    kind: Text = ""
    search: Text = ""
    since: Instant | None = None
    until: Instant | None = None


class NewReport(Body):
    """The kind and the start of the period, such as 2026-03-12; empty: of the last one that is over."""

    kind: Text
    start: Text = ""


@noun.get("/", query=WhichReports, gives=PageOf[PeriodReport])
def list_reports(query: WhichReports) -> dict[str, Any]:
    """List reports, the newest period first."""
    found = reading.reports(query.kind, query.search, query.since, query.until, **query.page())
    return page_of(found, facts_of_report)


@noun.post("/", body=NewReport, gives=ReportInFull, status=201)
def make(body: NewReport) -> dict[str, Any]:
    """Make the report of a period that is over, or make it anew; nobody is mailed."""
    return report_in_full(orders.make_now(body.kind, body.start, actor=actor()))


@noun.get("/<int:report_id>/", gives=ReportInFull)
def show(report_id: int) -> dict[str, Any]:
    """Show one report with its figures."""
    return report_in_full(reading.existing(report_id))


@noun.get("/<int:report_id>/table/", gives=File(("text/csv; charset=utf-8",)))
def table(report_id: int) -> Response:
    """Return the figures as CSV in UTF-8, safe for a spreadsheet."""
    report = reading.existing(report_id)
    name = f"report-{report.kind}-{report.starts_at:%Y%m%dT%H%MZ}.csv"
    return file_answer(reading.as_csv(report), name, "text/csv; charset=utf-8")
