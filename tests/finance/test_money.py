"""Amounts as people write them, in minor units and back in words."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edupulse.errors import Invalid
from edupulse.finance.money import LARGEST, amount_words, check_currency, exponent, parse_amount


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12,50", "EUR", 1250),
        ("12.50", "EUR", 1250),
        ("12.5", "EUR", 1250),
        ("1.234,56", "EUR", 123456),
        ("1,234.56", "EUR", 123456),
        ("1 234,56 €", "EUR", 123456),
        ("1'234.50", "CHF", 123450),
        ("12.–", "CHF", 1200),
        ("1.234.567", "EUR", 123456700),
        ("12", "EUR", 1200),
        ("EUR 12", "EUR", 1200),
        ("12.50 eur", "EUR", 1250),
        ("¥12", "CNY", 1200),
        ("￥１２．５０", "CNY", 1250),
        ("12.50元", "CNY", 1250),
        ("¥1,234", "JPY", 1234),
        ("12.00", "JPY", 12),
        ("1.2345", "KWD", None),
        ("12.34", "KWD", 12340),
        ("1.250", "KWD", 1250),
        ("0.05", "EUR", 5),
        ("12.5000", "EUR", 1250),
    ],
)
def test_amounts_are_read_as_people_write_them(text: str, currency: str, minor: int | None) -> None:
    if minor is None:
        with pytest.raises(Invalid, match="too many decimals"):
            parse_amount(text, currency)
    else:
        assert parse_amount(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "said"),
    [
        ("1.234", "EUR", "could be 1234"),
        ("1,234", "EUR", "could be 1234"),
        ("12,345", "KWD", "could be 12345"),
        ("12.345,678", "EUR", "too many decimals"),
        ("0.125", "USD", "too many decimals"),
        ("1234.567", "EUR", "too many decimals"),
        ("12.5", "JPY", "no decimals"),
        ("$12", "EUR", "does not belong"),
        ("12 USD", "EUR", "does not belong"),
        ("-12", "EUR", "is no amount"),
        ("(12)", "EUR", "is no amount"),
        ("0", "EUR", "above zero"),
        ("", "EUR", "is no amount"),
        ("12,34,56", "EUR", "is no amount"),
        ("1.23.456", "EUR", "is no amount"),
        ("1,23.45,6", "EUR", "is no amount"),
        ("twelve", "EUR", "is no amount"),
        ("1e3", "EUR", "is no amount"),
        ("99999999999999", "EUR", "too large"),
        ("\x0012", "EUR", "does not belong"),
    ],
)
def test_what_is_no_amount_or_could_be_two_is_refused(text: str, currency: str, said: str) -> None:
    with pytest.raises(Invalid, match=said) as refusal:
        parse_amount(text, currency)

    assert refusal.value.facts["field"] == "amount"


@given(st.integers(1, LARGEST), st.sampled_from(["EUR", "CNY", "JPY", "USD", "KWD"]))
def test_every_amount_in_plain_digits_is_read_back(minor: int, currency: str) -> None:
    places = exponent(currency)
    whole, rest = divmod(minor, 10**places)
    written = f"{whole}.{rest:0{places}d}" if places else str(whole)

    assert parse_amount(written, currency) == minor


@given(st.text(max_size=12), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_any_text_is_an_amount_or_refused_in_words(text: str, currency: str) -> None:
    with contextlib.suppress(Invalid):
        assert 0 < parse_amount(text, currency) <= LARGEST


def test_amounts_become_words_of_the_reader() -> None:
    assert amount_words(123450, "EUR") == "€1,234.50"
    assert amount_words(-500, "EUR", "zh") == "-€5.00"
    assert amount_words(1200, "CNY", "zh_Hans_CN") == "¥12.00"
    assert amount_words(1234, "JPY", "en") == "JP¥1,234"


def test_a_currency_is_one_by_iso() -> None:
    assert check_currency(" eur ") == "EUR"
    with pytest.raises(Invalid, match="no currency"):
        check_currency("Euro")
