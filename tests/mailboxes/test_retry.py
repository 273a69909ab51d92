"""What a failed poll leads to: time mends the network, a person mends the rest, nobody is told twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from edupulse.mailboxes.polling.retry import FIRST_WAIT, TRIES_BEFORE_STOP, USUAL_LONGEST_WAIT, after_failure

NOW = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
JUST_NOW = NOW - timedelta(minutes=1)


@pytest.mark.parametrize("kind", ["auth", "permission", "setting"])
def test_what_only_a_person_can_mend_stops_after_three_tries_with_an_alert(kind: str) -> None:
    first = after_failure(kind, failures=1, since=JUST_NOW, moment=NOW)
    third = after_failure(kind, failures=TRIES_BEFORE_STOP, since=JUST_NOW, moment=NOW)

    assert first.at == NOW + timedelta(minutes=1)
    assert not first.stopped
    assert (third.at, third.stopped, third.alert) == (None, True, True)


@pytest.mark.parametrize("kind", ["network", "protocol", "quota", "storage"])
@pytest.mark.parametrize("failures", [1, 3, 50, 10_000])
def test_trouble_that_time_mends_never_ends_the_polling(kind: str, failures: int) -> None:
    following = after_failure(kind, failures=failures, since=JUST_NOW, moment=NOW)

    assert not following.stopped
    assert following.at is not None
    assert NOW < following.at <= NOW + timedelta(hours=1.25)


def test_the_waits_grow_and_no_further_than_a_quarter_of_an_hour() -> None:
    waits = [
        after_failure("network", failures=each, since=None, moment=NOW, chance=0.5).at for each in range(1, 9)
    ]

    assert waits[:3] == [NOW + FIRST_WAIT, NOW + 2 * FIRST_WAIT, NOW + 4 * FIRST_WAIT]
    assert waits[-1] == NOW + USUAL_LONGEST_WAIT


def test_many_mailboxes_of_one_server_do_not_come_back_at_the_same_moment() -> None:
    at = {after_failure("network", failures=5, since=None, moment=NOW).at for _ in range(50)}

    assert len(at) == 50


def test_people_hear_of_a_network_only_when_it_stays_away() -> None:
    short = after_failure("network", failures=9, since=NOW - timedelta(minutes=29), moment=NOW)
    long = after_failure("network", failures=9, since=NOW - timedelta(minutes=31), moment=NOW)

    assert not short.alert
    assert long.alert
