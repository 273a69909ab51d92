"""A report is made: its period is found, the figures of it and of the one before are summed up, one row is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from edupulse.config import current_settings
from edupulse.control.progress import report as report_progress
from edupulse.database import db
from edupulse.errors import Invalid
from edupulse.mail.render import LOCALES
from edupulse.reports.models import Report
from edupulse.reports.of_mail import asked_once
from edupulse.reports.periods import Period, after, before, last_over, parts, period_at, title
from edupulse.reports.sections import KIND_TITLES, SECTIONS, Number
from edupulse.reports.wording import translated
from edupulse.transaction import look_anew, transaction
from edupulse.walltime import to_local

CLOCK = "clock"
MOST_MISSED = 60  # periods that are made up for in one go: two months of days, two and a half days of hours

Figures = dict[str, dict[str, Number]]


def make(kind: str, *, now: datetime, start: str = "", by: str = CLOCK) -> Report:
    """Make the report of the period that `start` names (`periods.period_at`), empty: of the last one that is over.

    A report that exists keeps its row and gets new figures. Raises Invalid for another kind, for a start that names
    no period, and for a period that is not over.
    """
    zone = current_settings().timezone
    period = period_at(kind, start, zone) if start else last_over(kind, now, zone)
    if period.ends_at > now:
        cure = "Choose one that is over, or leave the start empty for the last one."
        raise Invalid("This period is not over yet.", cure=cure, field="start")
    return _make(period, now, by)


def make_missed(kind: str, *, now: datetime) -> int:
    """Make the reports between the newest one and the last period that is over, which is not made; return how many.

    They are missing when nothing ran for a while. Without any report there is nothing to make up for.
    """
    missed = _missed(kind, now)
    for period in missed:
        _make(period, now, CLOCK)
    return len(missed)


def is_last(report: Report, now: datetime) -> bool:
    """Say whether no later period of its kind is over."""
    this = Period(report.kind, report.starts_at, report.ends_at, report.timezone)
    return after(this).ends_at > now


def _make(period: Period, now: datetime, by: str) -> Report:
    look_anew()
    with asked_once():
        figures, earlier, series = _collected(period)
    row = {
        "kind": period.kind, "starts_at": period.starts_at, "ends_at": period.ends_at, "timezone": period.timezone,
        "figures": figures, "before": earlier, "series": series, "words": _words(period, figures),
        "made_at": now, "made_by": by[:320], "times_made": 1,
    }  # fmt: skip
    return _written(row)


def _collected(period: Period) -> tuple[Figures, Figures, dict[str, list[int]]]:
    earlier, edges = before(period), parts(period)
    now: Figures = {}
    then: Figures = {}
    series: dict[str, list[int]] = {}
    for done, section in enumerate(SECTIONS):
        report_progress(done, len(SECTIONS), section.title)
        now[section.key] = section.collect(period.starts_at, period.ends_at)
        then[section.key] = section.collect(earlier.starts_at, earlier.ends_at)
        series[section.key] = section.series(edges)
    report_progress(len(SECTIONS), len(SECTIONS), "")
    return now, then, series


def _written(row: Mapping[str, Any]) -> Report:
    """Write the row, or bring the one of this period up to date: what was summed up later stays."""
    insert = sqlite_insert if db.engine.dialect.name == "sqlite" else postgresql_insert
    written = insert(Report).values(row)
    anew = {name: written.excluded[name] for name in row if name not in ("kind", "starts_at", "times_made")}
    written = written.on_conflict_do_update(
        index_elements=["kind", "starts_at"],
        set_={**anew, "times_made": Report.times_made + 1},
        where=Report.made_at <= written.excluded.made_at,
    )
    its_period = (Report.kind == row["kind"], Report.starts_at == row["starts_at"])
    with transaction() as session:
        session.execute(written)
        return session.scalars(
            select(Report).where(*its_period).execution_options(populate_existing=True)
        ).one()


def _missed(kind: str, now: datetime) -> list[Period]:
    zone = current_settings().timezone
    newest = db.session.scalar(
        select(Report.starts_at).where(Report.kind == kind).order_by(Report.starts_at.desc()).limit(1)
    )
    last = last_over(kind, now, zone)
    if newest is None or newest >= last.starts_at:
        return []
    missed: list[Period] = []
    period = before(last)
    while period.starts_at > newest and len(missed) < MOST_MISSED:
        missed.append(period)
        period = before(period)
    return missed[::-1]


def _words(period: Period, figures: Figures) -> str:
    """Return what a search looks in, lower case: kind, dates, and what is not nothing, in every language."""
    first = to_local(period.starts_at, period.timezone)
    texts = [KIND_TITLES[period.kind], *_titles(figures)]
    words = [first.date().isoformat(), *(title(period, locale) for locale in LOCALES)]
    words += [translated(text, locale) for text in texts for locale in LOCALES]
    return "\n".join(words).lower()


def _titles(figures: Figures) -> list[str]:
    found = []
    for section in SECTIONS:
        of_it = figures[section.key]
        named = {section.figure(key) for key, value in of_it.items() if value}
        found += [section.title] * bool(named) + [each.title for each in section.figures if each in named]
    return found
