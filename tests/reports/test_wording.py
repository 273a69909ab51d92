"""Numbers of reports as people and as programs read them."""

from __future__ import annotations

import pytest

from edupulse.reports.wording import decimal, percent, shown, translated


@pytest.mark.parametrize(
    ("value", "kind", "currency", "english", "chinese"),
    [
        (12345, "count", "", "12,345", "12,345"),
        (123456, "money", "EUR", "€1,234.56", "€1,234.56"),
        (1200, "money", "JPY", "JP¥1,200", "JP¥1,200"),
        (0.9846, "share", "", "98.5%", "98.5%"),
        (0.3, "seconds", "", "0.3 seconds", "0.3秒钟"),
        (90, "seconds", "", "90 seconds", "90秒钟"),
        (7200, "seconds", "", "2 hours", "2小时"),
    ],
)
def test_numbers_are_written_as_the_reader_writes_them(
    value: float, kind: str, currency: str, english: str, chinese: str
) -> None:
    assert (shown(value, kind, currency, "en"), shown(value, kind, currency, "zh")) == (english, chinese)


@pytest.mark.parametrize(
    ("value", "kind", "currency", "text"),
    [
        (-1250, "money", "EUR", "-12.50"),
        (900, "money", "JPY", "900"),
        (0.5, "share", "", "0.5"),
        (3, "count", "", "3"),
    ],
)
def test_programs_read_money_in_whole_units(value: float, kind: str, currency: str, text: str) -> None:
    assert decimal(value, kind, currency) == text


def test_a_small_change_is_not_rounded_to_none() -> None:
    assert (percent(0.12, "en"), percent(-0.5, "en"), percent(0.004, "en")) == ("12%", "50%", "0.4%")


def test_a_language_that_nobody_speaks_here_reads_english() -> None:
    assert (translated("Jobs", "zh"), translated("Jobs", "fr")) == ("任务", "Jobs")
