"""A reminder of a bill becomes the mail that its person gets, in their language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from babel.dates import format_date
from markupsafe import Markup, escape

from edupulse.config import current_settings
from edupulse.finance.case import Case
from edupulse.finance.money import amount_words
from edupulse.mail.compose import Mail
from edupulse.mail.render import LOCALES, render_mail

# British English has the day before the month: no doubt about months.
_BABEL = {"en": "en_GB", "zh": "zh_Hans_CN"}
_SHORT_DAY = {"en": "EEE d MMM", "zh": "M月d日 EEE"}
# A gap in a skeleton: characters of Unicode's private use, so that no ordinary text looks like one.
_GAP = re.compile("\ue000([a-z_]+)\ue001")


def compose(case: Case, today: date) -> Mail:
    """Return the mail as it is right on the day `today`: the bill is due in some days, today, or since some days."""
    locale = _locale(case.locale)
    values = _values(case, locale)
    shape = frozenset(name for name, value in values.items() if value)
    skeleton = _skeleton(locale, (case.due_on - today).days, shape)
    subject, text, html = skeleton
    escaped = {name: _as_html(value) for name, value in values.items()}
    return Mail(
        address=case.email or "",
        name=case.name,
        subject=" ".join(_filled(subject, values).split()),
        text=_filled(text, values),
        html=_filled(html, escaped),
        locale=locale,
    )


def _values(case: Case, locale: str) -> dict[str, str]:
    """Return the words of one mail; what is empty is not spoken of."""
    paid = amount_words(case.paid_minor, case.currency, locale) if case.paid_minor else ""
    total = amount_words(case.amount_minor, case.currency, locale) if case.paid_minor else ""
    return {
        "name": case.name,
        "title": case.title,
        "number": case.number,
        "note": case.note,
        "amount": amount_words(case.open_minor, case.currency, locale),
        "paid": paid,
        "total": total,
        "due": _day(case.due_on, "full", locale),
        "due_short": _day(case.due_on, _SHORT_DAY[locale], locale),
    }


def _locale(wanted: str) -> str:
    settled = wanted or current_settings().locale
    return settled if settled in LOCALES else "en"


@lru_cache(maxsize=1024)
def _day(day: date, form: str, locale: str) -> str:
    return str(format_date(day, form, locale=_BABEL[locale]))


@lru_cache(maxsize=256)
def _skeleton(locale: str, days: int, shape: frozenset[str]) -> tuple[str, str, str]:
    """Render the mail with gaps for its words: mails differ in their words, but hardly in their shape."""
    names = ("name", "title", "number", "note", "amount", "paid", "total", "due", "due_short")
    gaps = {name: f"\ue000{name}\ue001" if name in shape else "" for name in names}
    return render_mail("bill_reminder", locale, days=days, **gaps)


def _as_html(value: str) -> str:
    return str(Markup("<br>").join(escape(line) for line in value.split("\n")))


def _filled(skeleton: str, values: Mapping[str, str]) -> str:
    # In one pass: what fills a gap is never looked at again, whatever it holds.
    return _GAP.sub(lambda found: values[found[1]], skeleton)
