"""Titles and numbers of reports in the reader's language."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import cache

from babel.dates import format_timedelta
from babel.numbers import format_decimal, format_percent
from babel.support import NullTranslations, Translations

from edupulse.finance.money import amount_words, exponent
from edupulse.mail.render import LOCALES, TRANSLATIONS

_BABEL = {"en": "en_GB", "zh": "zh_Hans_CN"}


def translated(text: str, locale: str) -> str:
    """Return a marked text (`n_`) in the language, by the same catalogue as pages and mails."""
    return str(_translations(locale).gettext(text))


def shown(value: float, kind: str, currency: str, locale: str) -> str:
    """Return a number as people read it: "1,234", "€12.50", "98.5%", "4 seconds"; `kind` is a figure's."""
    language = _BABEL.get(locale, _BABEL["en"])
    if kind == "money":
        return amount_words(int(value), currency, locale)
    if kind == "share":
        return str(format_percent(value, "#,##0.#%", locale=language))
    if kind == "seconds":
        return _span(value, language)
    return str(format_decimal(value, locale=language))


def decimal(value: float, kind: str, currency: str) -> str:
    """Return a number as machines read it: money in whole units ("12.50"), the rest as it is."""
    if kind == "money":
        return f"{Decimal(int(value)).scaleb(-exponent(currency)):f}"
    return f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def percent(share: float, locale: str) -> str:
    """Return a change without its sign: "12%"; what is below one in a hundred has a decimal."""
    form = "#,##0%" if abs(share) >= 0.01 else "#,##0.#%"
    return str(format_percent(abs(share), form, locale=_BABEL.get(locale, _BABEL["en"])))


def _span(seconds: float, language: str) -> str:
    if 0 < seconds < 10:
        words = str(format_timedelta(timedelta(seconds=2), "second", 10, locale=language))
        return words.replace("2", str(format_decimal(round(seconds, 1), locale=language)), 1)
    return str(format_timedelta(timedelta(seconds=round(seconds)), threshold=2, locale=language))


@cache
def _translations(locale: str) -> NullTranslations:
    return Translations.load(TRANSLATIONS, [locale]) if locale in LOCALES else NullTranslations()
