"""What reports are called on a page, and their figures in words, in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from babel.dates import format_skeleton
from flask_babel import get_locale
from flask_babel import gettext as _

from edupulse.reports.models import KINDS, Report
from edupulse.reports.periods import parts, title
from edupulse.reports.reading import Change, SectionChanges, changes, period_of
from edupulse.reports.wording import percent, shown
from edupulse.walltime import to_local

# Beside the period in a list: what people look for first.
HEADLINES = (("mail", "sent"), ("events", "reminders"), ("finance", "received"), ("jobs", "failed"))
TONES = {"better": "ok", "worse": "bad", "": "mute"}
WIDTH, HEIGHT, GAP = 480, 64, 3  # of a drawing, in units of its own


@dataclass(frozen=True)
class Bar:
    """One part of the period: where it stands in the drawing, and what it is called."""

    x: float
    width: float
    height: float
    count: int
    label: str


@dataclass(frozen=True)
class Drawing:
    """The parts of a period side by side; the axis says where it begins and ends."""

    bars: list[Bar]
    highest: int
    begins: str
    ends: str


def kind_title(kind: str) -> str:
    """Return how the reports of a kind are called, in the plural."""
    return {"hourly": _("Hourly"), "daily": _("Daily"), "weekly": _("Weekly"), "monthly": _("Monthly")}[kind]


def kind_titles() -> dict[str, str]:
    """Return all kinds with what they are called."""
    return {kind: kind_title(kind) for kind in KINDS}


def period_title(report: Report) -> str:
    """Return the period of a report: "Thursday, 12 March 2026"."""
    return title(period_of(report), str(get_locale()))


def figure(change: Change) -> str:
    """Return its value: "1,234", "€12.50", "98.5%"."""
    return shown(change.value, change.figure.kind, change.currency, str(get_locale()))


def figure_before(change: Change) -> str:
    """Return the value of the period before."""
    return shown(change.before, change.figure.kind, change.currency, str(get_locale()))


def difference(change: Change) -> str:
    """Return how much more or less it is: "+12%", "−3"; "" where it is the same."""
    if not change.difference:
        return ""
    sign, locale = "+" if change.difference > 0 else "−", str(get_locale())
    if change.share is None or change.figure.kind == "share":
        return sign + shown(abs(change.difference), change.figure.kind, change.currency, locale)
    return sign + percent(change.share, locale)


def headlines(report: Report) -> list[Change]:
    """Return the figures that stand beside a report in a list."""
    found = {
        (part.section.key, each.figure.key, each.currency): each
        for part in changes(report)
        for each in part.figures
    }
    return [each for wanted in HEADLINES for key, each in found.items() if key[:2] == wanted and each.value]


def drawing(report: Report, part: SectionChanges) -> Drawing | None:
    """Return the chart of a section, None where there is nothing to see in it."""
    if not any(part.series):
        return None
    edges = [to_local(edge, report.timezone) for edge in parts(period_of(report))]
    labels = [_edge(report.kind, edge) for edge in edges]
    highest, step = max(part.series), WIDTH / len(part.series)
    bars = [
        Bar(round(at * step, 2), round(step - GAP, 2), _height(count, highest), count, label)
        for at, (count, label) in enumerate(zip(part.series, labels, strict=False))
    ]
    last = labels[-1] if report.kind in ("hourly", "daily") else labels[-2]
    return Drawing(bars, highest, labels[0], last)


def words() -> dict[str, object]:
    """Return what the templates of these pages may ask for."""
    asked = (
        kind_title,
        kind_titles,
        period_title,
        figure,
        figure_before,
        difference,
        headlines,
        drawing,
    )
    return {**{each.__name__: each for each in asked}, "tones": TONES}


def _edge(kind: str, local: datetime) -> str:
    if kind in ("hourly", "daily"):
        return f"{local:%H:%M}"
    return str(format_skeleton("MMMd", local, locale=str(get_locale())))


def _height(count: int, highest: int) -> float:
    return max(2.0, round(HEIGHT * count / highest, 2)) if count else 0.0
