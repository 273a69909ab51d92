"""A report becomes the mail that one subscriber gets: what is worse first, then each section, and two charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from edupulse.config import current_settings
from edupulse.mail.compose import Attachment, Mail
from edupulse.mail.render import render_mail
from edupulse.reports.charts import HEIGHT, WIDTH, bar_chart, labels_of
from edupulse.reports.models import Report
from edupulse.reports.periods import part_words, parts, title
from edupulse.reports.reading import Change, SectionChanges, changes, period_of
from edupulse.reports.sections import KIND_TITLES
from edupulse.reports.wording import percent, shown

MOST_CHARTS = 2  # more would make the mail long, and the page has all of them
MOST_WARNINGS = 5
WORTH_A_WARNING = 0.1  # a change by less than a tenth is no news
LEAST_SEEN = 0.0005  # a change by less would read "0%"


@dataclass(frozen=True)
class Line:
    """One figure as it is read; `way` is up, down or empty."""

    title: str  # to be translated
    value: str
    before: str
    way: str
    share: str  # empty where there was nothing before


@dataclass(frozen=True)
class Chart:
    """A picture and the same in words; titles are to be translated."""

    content_id: str
    counted: str
    total: str
    most: str
    when: str  # the part with the most
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True)
class Part:
    """One section as it is read."""

    key: str
    title: str  # to be translated
    lines: tuple[Line, ...]
    chart: Chart | None


def compose(report: Report, address: str, locale: str) -> Mail:
    """Return the mail about a report to `address`, in its language; all who read one language get the same."""
    found = [each for each in changes(report) if not each.is_empty]
    charted = [each for each in found if any(each.series)][:MOST_CHARTS]
    facts = _facts(report, found, charted, locale)
    subject, text, html = render_mail("report", locale, **facts)
    pictures = tuple(_picture(report, each) for each in charted)
    return Mail(address, "", subject, text, html, locale, attachments=pictures)


def _facts(
    report: Report, found: Sequence[SectionChanges], charted: Sequence[SectionChanges], locale: str
) -> dict[str, Any]:
    base = current_settings().base_url
    return {
        "kind_title": KIND_TITLES[report.kind],
        "period": title(period_of(report), locale),
        "warnings": _warnings(found, locale),
        "parts": [_part(report, each, locale, each in charted) for each in found],
        "url": f"{base}/reports/{report.id}",
        "subscriptions_url": f"{base}/reports/subscriptions",
    }


def _part(report: Report, found: SectionChanges, locale: str, is_charted: bool) -> Part:
    lines = tuple(_line(each, locale) for each in found.figures if not each.is_empty)
    chart = _chart(report, found, locale) if is_charted else None
    return Part(found.section.key, found.section.title, lines, chart)


def _line(change: Change, locale: str) -> Line:
    kind, currency = change.figure.kind, change.currency
    way = _way(change)
    return Line(
        change.figure.title,
        shown(change.value, kind, currency, locale),
        shown(change.before, kind, currency, locale),
        way,
        percent(change.share, locale) if change.share and way else "",
    )


def _way(change: Change) -> str:
    if not change.difference or (change.share and abs(change.share) < LEAST_SEEN):
        return ""
    return "up" if change.difference > 0 else "down"


def _warnings(found: Sequence[SectionChanges], locale: str) -> list[tuple[str, Line]]:
    """Return what became worse by more than a little, with the title of its section, the largest change first."""
    worse = [
        (part.section.title, each)
        for part in found
        for each in part.figures
        if each.tone == "worse" and (each.share is None or abs(each.share) >= WORTH_A_WARNING)
    ]
    worse.sort(key=lambda pair: -abs(pair[1].share or float("inf")))
    return [(section, _line(each, locale)) for section, each in worse[:MOST_WARNINGS]]


def _chart(report: Report, found: SectionChanges, locale: str) -> Chart:
    peak = max(found.series)
    at = parts(period_of(report))[found.series.index(peak)]
    return Chart(
        _content_id(report, found),
        found.section.counted,
        shown(sum(found.series), "count", "", locale),
        shown(peak, "count", "", locale),
        part_words(at, period_of(report), locale),
    )


def _picture(report: Report, found: SectionChanges) -> Attachment:
    data = _drawn(tuple(found.series), tuple(labels_of(period_of(report))))
    return Attachment(f"{found.section.key}.png", "image/png", data, _content_id(report, found))


_drawn = lru_cache(maxsize=16)(bar_chart)  # the same for everybody


def _content_id(report: Report, found: SectionChanges) -> str:
    # Unlike that of any other mail (RFC 2392 section 2): the kind and the instant name the report.
    return f"{found.section.key}.{report.kind}.{int(report.starts_at.timestamp())}@reports.edupulse"
