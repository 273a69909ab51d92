"""How long a mailing takes is arithmetic: the tightest limit binds, and a small allowance spreads it over days."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edupulse.campaigns.estimate import binding_words, duration_words, estimate
from edupulse.mail.limits import Limits
from edupulse.mail.providers import GENERIC, GMAIL, MICROSOFT365

# What the defaults mean without any provider's limit: 20 mails every half second.
OURS = Limits(
    per_second=None, per_minute=None, per_day=None, connections=3, mails_per_session=100, batch_size=20,
    batch_delay=0.5,
)  # fmt: skip


def test_ten_thousand_mails_have_gaps_of_250_seconds_in_all() -> None:
    found = estimate(10_000, OURS)

    assert (found.seconds, found.binding, found.plan) == (249.5, "batch_delay", (10_000,))


def test_a_limit_per_minute_binds_where_it_is_tighter_than_the_batches() -> None:
    found = estimate(3_000, replace(OURS, per_minute=30))

    assert (found.seconds, found.binding) == (99 * 60, "per_minute")


def test_a_limit_per_second_binds_where_it_is_the_tightest() -> None:
    found = estimate(101, replace(OURS, per_second=0.5, per_minute=60))

    assert (found.seconds, found.binding) == (200, "per_second")


def test_without_pauses_the_round_trips_over_the_connections_are_left() -> None:
    found = estimate(10_000, replace(OURS, batch_delay=0.0, connections=2))

    assert (found.seconds, found.binding) == (100, "connections")


def test_a_daily_allowance_spreads_a_mailing_over_days() -> None:
    found = estimate(1_200, replace(OURS, per_day=500), used=100)

    assert (found.plan, found.binding) == ((400, 500, 300), "per_day")
    assert found.seconds == 2 * 86_400 + 14 * 0.5


def test_an_allowance_that_suffices_does_not_bind() -> None:
    found = estimate(400, replace(OURS, per_day=500), used=100)

    assert (found.plan, found.binding) == ((400,), "batch_delay")


def test_what_others_were_promised_goes_first() -> None:
    assert estimate(400, replace(OURS, per_day=500), reserved=300).plan == (200, 200)


@pytest.mark.parametrize("count", [0, 1, 20])
def test_a_handful_is_held_up_by_nothing(count: int) -> None:
    assert estimate(count, OURS).binding == ""


def test_the_sum_of_all_days_is_the_number_of_mails() -> None:
    for count in range(0, 3_000, 37):
        assert sum(estimate(count, replace(OURS, per_day=170), used=41, reserved=23).plan) == count


def test_the_limit_that_binds_is_named_beside_the_one_that_does_not() -> None:
    limits = replace(OURS, per_minute=30)

    words = binding_words("per_minute", limits, MICROSOFT365)

    assert words == "Microsoft 365 allows 30 a minute; that binds, not your 20 per 0.5 s."


def test_a_limit_of_the_operator_is_named_by_its_setting() -> None:
    assert binding_words("per_day", replace(OURS, per_day=2_000), GMAIL).startswith(
        "EMAIL_DAILY_QUOTA allows 2,000 a day"
    )


def test_our_own_batches_are_named_by_their_settings() -> None:
    assert "BULK_EMAIL_BATCH_SIZE" in binding_words("batch_delay", OURS, GENERIC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 s"),
        (40, "40 s"),
        (720, "12 min"),
        (12_000, "3 h 20 min"),
        (7_200, "2 h"),
        (180_000, "2 days"),
    ],
)
def test_durations_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert duration_words(seconds) == words
