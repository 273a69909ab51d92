"""Money as people write it becomes whole minor units of a currency, and back into words."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from functools import cache, lru_cache

from babel import Locale
from babel.numbers import format_currency, get_currency_precision, list_currencies

from edupulse.errors import Invalid

LARGEST = 10**12  # minor units: beyond it somebody slipped; a year of such sums still fits into 64 bits
# British English and mainland China, as in the mails: no doubt about points and commas.
_LOCALES = {"en": Locale.parse("en_GB"), "zh": Locale.parse("zh_Hans_CN")}
_SIGNS = {
    "€": ("EUR",),
    "£": ("GBP",),
    "¥": ("CNY", "JPY"),
    "元": ("CNY",),
    "人民币": ("CNY",),
    "RMB": ("CNY",),
    "円": ("JPY",),
    "CHF": ("CHF",),
    "FR.": ("CHF",),
    "$": (
        "USD", "AUD", "CAD", "HKD", "MXN", "NZD", "SGD", "TWD", "ARS", "CLP", "COP", "BRL",
    ),
}  # fmt: skip
_NUMBER = re.compile(r"(?P<before>[^\d\s.,'’+\-(]*)\s*(?P<number>\d[\d\s.,'’]*?)\s*(?P<after>[^\d\s,'’]*)")
_SWISS_DASH = re.compile(r"[.,](-{1,2}|[–—])$")  # "12.–", as Swiss and German bills write whole sums
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:(?P<mark>[ .,'])\d{3})(?:(?P=mark)\d{3})*")


def parse_amount(text: str, currency: str) -> int:
    """Return the minor units (cents, fen) that `text` writes: "12,50", "12.50", "1.234,56", "¥12", "EUR 12".

    Raises Invalid, field amount, for what is no amount above zero, has more decimals than the currency, names
    another currency, or could be two amounts ("1.234" euros).
    """
    written = unicodedata.normalize("NFKC", text).strip()
    found = _NUMBER.fullmatch(_SWISS_DASH.sub("", written))
    if found is None:
        raise _no_amount(text)
    for sign in (found["before"], found["after"]):
        _refuse_other_currency(sign.strip(), currency)
    return checked_amount(_minor(found["number"].strip(), currency, text))


def checked_amount(amount_minor: int) -> int:
    """Return the amount if it can be one: above zero and below LARGEST. Raises Invalid, field amount."""
    if amount_minor <= 0:
        raise Invalid("The amount has to be above zero.", cure="Enter what is to be paid.", field="amount")
    if amount_minor > LARGEST:
        raise Invalid("The amount is too large.", cure="Look at its zeros and its currency.", field="amount")
    return amount_minor


def amount_words(minor: int, currency: str, locale: str = "en") -> str:
    """Return e.g. "€1,234.50", "-€5.00", "¥12.00" for minor units, as readers of `locale` write it."""
    return _words(minor, currency, "zh" if locale.startswith("zh") else "en")


@cache
def exponent(currency: str) -> int:
    """Return how many decimals the currency has: 2 for EUR, 0 for JPY, 3 for KWD (CLDR, by Babel)."""
    return int(get_currency_precision(currency))


def check_currency(text: str) -> str:
    """Return the currency as ISO 4217 writes it. Raises Invalid, field currency."""
    code = text.strip().upper()
    if code not in _known():
        shown = text.strip()[:20]
        raise Invalid(f"“{shown}” is no currency.", cure="Write EUR, CNY, USD or so.", field="currency")
    return code


@cache
def _known() -> frozenset[str]:
    return frozenset(list_currencies())


@lru_cache(maxsize=4096)
def _words(minor: int, currency: str, language: str) -> str:
    return str(
        format_currency(Decimal(minor).scaleb(-exponent(currency)), currency, locale=_LOCALES[language])
    )


def _refuse_other_currency(sign: str, currency: str) -> None:
    if not sign or sign.upper() == currency or currency in _SIGNS.get(sign.upper(), ()):
        return
    raise Invalid(
        f"“{sign[:20]}” does not belong to an amount in {currency}.",
        cure="Write the number alone, and choose the currency beside it.",
        field="amount",
    )


def _minor(number: str, currency: str, text: str) -> int:
    number = re.sub(r"\s", " ", number).replace("’", "'")
    whole, decimals = _parted(number, exponent(currency), text)
    if (mark := _GROUPED.fullmatch(whole)) is not None:
        whole = whole.replace(mark["mark"], "")
    if not whole.isdecimal() or not (decimals or "0").isdecimal():
        raise _no_amount(text)
    return int(whole) * int(10 ** exponent(currency)) + _decimal_units(decimals, currency, text)


def _parted(number: str, places: int, text: str) -> tuple[str, str]:
    """Part a number at its decimal mark: the last mark, if it stands once and nothing says that it groups."""
    at = max(number.rfind("."), number.rfind(","))
    if at < 0 or number.count(number[at]) > 1 or len(number) - at - 1 == 0:
        return number, ""
    before, decimals = number[:at], number[at + 1 :]
    is_like_a_group = len(decimals) == 3 and _GROUPED.fullmatch(number) is not None
    if is_like_a_group and not set(before) & set(" .,'"):
        if places == 3 and number[at] == ".":  # as this program writes dinars itself: 1.250
            return before, decimals
        if places:  # one thousand and more, or one and a bit?
            raise _two_amounts(before, decimals, text)
        return number, ""
    return before, decimals


def _decimal_units(decimals: str, currency: str, text: str) -> int:
    places = exponent(currency)
    if len(decimals.rstrip("0")) > places:
        has = f"{places} decimals" if places else "no decimals"
        raise Invalid(
            f"“{text.strip()[:40]}” has too many decimals: {currency} has {has}.",
            cure="Round it.",
            field="amount",
        )
    return int(decimals[:places].ljust(places, "0") or "0")


def _two_amounts(before: str, decimals: str, text: str) -> Invalid:
    return Invalid(
        f"“{text.strip()[:40]}” could be {before}{decimals} or {before} and a little.",
        cure=f"Write {before}{decimals}.00 or {before}{decimals}, or the decimals in full.",
        field="amount",
    )


def _no_amount(text: str) -> Invalid:
    return Invalid(
        f"“{text.strip()[:40]}” is no amount.", cure="Write it like 12.50 or 1,234.50.", field="amount"
    )
