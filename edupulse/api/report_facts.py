"""A report as programs get it: its period, and in full each figure beside the one of the period before."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from edupulse.api.answers import facts_of
from edupulse.api.schema import Shown
from edupulse.reports import reading
from edupulse.reports.models import Report as Row
from edupulse.reports.periods import title
from edupulse.reports.reading import Change, SectionChanges

Kind = Literal["hourly", "daily", "weekly", "monthly"]


class PeriodReport(Shown):
    """The report of one period: from `starts_at` until before `ends_at`."""

    id: int
    kind: Kind
    title: str
    starts_at: datetime
    ends_at: datetime
    timezone: str
    made_at: datetime
    made_by: str
    times_made: int


class ReportFigure(Shown):
    """One number against the period before; money is in minor units of its currency, a share from 0 to 1."""

    key: str
    title: str
    kind: Literal["count", "money", "seconds", "share"]
    currency: str
    value: float
    before: float
    difference: float
    share: float | None  # of the change: 0.1 is ten percent more; null where there was nothing before
    tone: Literal["better", "worse", ""]


class ReportSection(Shown):
    """One part of a report; `series` counts what its chart shows in each part of the period."""

    key: str
    title: str
    figures: list[ReportFigure]
    series: list[int]


class ReportInFull(PeriodReport):
    """A report with its figures."""

    sections: list[ReportSection]


def facts_of_report(row: Row) -> dict[str, Any]:
    """Return what `PeriodReport` shows."""
    names = ("id", "kind", "starts_at", "ends_at", "timezone", "made_at", "made_by", "times_made")
    return {**{name: getattr(row, name) for name in names}, "title": title(reading.period_of(row), "en")}


def report_in_full(row: Row) -> dict[str, Any]:
    """Return what `ReportInFull` shows."""
    return {**facts_of_report(row), "sections": [_section(part) for part in reading.changes(row)]}


def _section(part: SectionChanges) -> dict[str, Any]:
    figures = [_figure(each) for each in part.figures]
    return {"key": part.section.key, "title": part.section.title, "figures": figures, "series": part.series}


def _figure(change: Change) -> dict[str, Any]:
    numbers = facts_of(change, _Numbers)
    figure = change.figure
    return {"key": figure.key, "title": figure.title, "kind": figure.kind, **numbers}


class _Numbers(Shown):
    currency: str
    value: float
    before: float
    difference: float
    share: float | None
    tone: str
