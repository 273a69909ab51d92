"""Reports are looked up here: the list, one of them, what changed against the period before, and its table as CSV."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from io import StringIO

from sqlalchemy import select

from edupulse.database import db
from edupulse.errors import NotFound
from edupulse.paging import PAGE_SIZE, Order, Page, page_of
from edupulse.reports.models import Report
from edupulse.reports.periods import Period, check_kind
from edupulse.reports.sections import SECTIONS, Figure, Number, Section
from edupulse.reports.wording import decimal, translated
from edupulse.tabular.formulas import defused

SUMS = ("count", "money")  # kinds of figures of which nothing is 0
LONGEST_SEARCH = 100  # characters of a search that are looked for
CSV_COLUMNS = ("section", "figure", "title", "unit", "value", "before", "difference", "change_percent")


@dataclass(frozen=True)
class Change:
    """One figure against the period before. `share`: 0.1 is ten percent more, None: there was nothing before."""

    figure: Figure
    currency: str  # of money, else empty
    value: Number
    before: Number
    difference: Number
    share: float | None
    tone: str  # better | worse | "" (the same, or neither)

    @property
    def is_empty(self) -> bool:
        """Say whether there was nothing, now and before."""
        return not self.value and not self.before


@dataclass(frozen=True)
class SectionChanges:
    """One section of a report; `series` has the parts of the period (`periods.parts`)."""

    section: Section
    figures: tuple[Change, ...]
    series: list[int]

    @property
    def is_empty(self) -> bool:
        """Say whether nothing at all happened, now and before."""
        return all(each.is_empty for each in self.figures)


def reports(
    kind: str = "",
    search: str = "",
    begin: datetime | None = None,
    end: datetime | None = None,
    *,
    cursor: str = "",
    size: int = PAGE_SIZE,
) -> Page[Report]:
    """Return a page of reports, the newest period first.

    `search`: each of its words stands in the title, a date or a figure that is not nothing, in English or Chinese.
    `begin` and `end` (aware): periods that start from then, until before then. Raises Invalid for another kind or a
    bad cursor.
    """
    query = select(Report)
    if kind:
        query = query.where(Report.kind == check_kind(kind))
    for word in search[:LONGEST_SEARCH].replace("\0", "").lower().split():
        query = query.where(Report.words.contains(word, autoescape=True))
    if begin:
        query = query.where(Report.starts_at >= begin)
    if end:
        query = query.where(Report.starts_at < end)
    return page_of(query, Order(Report.starts_at, Report.id), cursor=cursor, size=size)


def existing(report_id: int) -> Report:
    """Return one report; raises NotFound."""
    found = db.session.get(Report, report_id)
    if found is None:
        raise NotFound(f"There is no report {report_id}.", report_id=report_id)
    return found


def period_of(report: Report) -> Period:
    """Return the period that a report is about."""
    return Period(report.kind, report.starts_at, report.ends_at, report.timezone)


def changes(report: Report) -> tuple[SectionChanges, ...]:
    """Return the sections of a report in their order, each figure beside the one of the period before."""
    return tuple(
        SectionChanges(each, _changes(each, report), list(report.series.get(each.key, [])))
        for each in SECTIONS
        if each.key in report.figures
    )


def as_csv(report: Report, locale: str = "en") -> bytes:
    """Return the figures as CSV in UTF-8 with a mark, so that Excel shows them right; money in whole units."""
    table = StringIO()
    writer = csv.writer(table)
    writer.writerow(CSV_COLUMNS)
    for part in changes(report):
        writer.writerows(_csv_row(part.section, each, locale) for each in part.figures)
    return table.getvalue().encode("utf-8-sig")


def _changes(section: Section, report: Report) -> tuple[Change, ...]:
    now, before = report.figures.get(section.key, {}), report.before.get(section.key, {})
    return tuple(
        _change(figure, key, now, before) for figure in section.figures for key in _keys(figure, now, before)
    )


def _keys(figure: Figure, now: Mapping[str, Number], before: Mapping[str, Number]) -> list[str]:
    known = {*now, *before}
    return sorted(key for key in known if key.partition(":")[0] == figure.key)


def _change(figure: Figure, key: str, now: Mapping[str, Number], then: Mapping[str, Number]) -> Change:
    value, before = now.get(key, 0), then.get(key, 0)
    difference = value - before
    # An average or a share of nothing is not there: nothing can be better or worse than that.
    has_tone = difference and figure.good and (figure.kind in SUMS or (key in now and key in then))
    tone = ("better" if (difference > 0) == (figure.good == "up") else "worse") if has_tone else ""
    return Change(
        figure,
        key.partition(":")[2],
        value,
        before,
        difference,
        difference / before if before else None,
        tone,
    )


def _csv_row(section: Section, change: Change, locale: str) -> list[str]:
    title = f"{translated(section.title, locale)}: {translated(change.figure.title, locale)}"
    numbers = (decimal(each, change.figure.kind, change.currency) for each in _numbers(change))
    percent = "" if change.share is None else f"{change.share * 100:.1f}"
    unit = change.currency or change.figure.kind
    return [section.key, change.figure.key, defused(title), unit, *numbers, percent]


def _numbers(change: Change) -> tuple[Number, Number, Number]:
    return change.value, change.before, change.difference
