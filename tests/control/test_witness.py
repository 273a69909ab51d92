"""Others are believed to be silent only by a process that was heard itself all the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from edupulse.control.witness import GAP_SECONDS, Witness
from edupulse.control.workers import BEAT_SECONDS, DEAD_AFTER

START = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
LONG = int(DEAD_AFTER.total_seconds())


def at(second: float, *, clock_ahead: float = 0) -> tuple[float, datetime]:
    """The machine's steady clock, started at 1000, and the time of day."""
    return 1000 + second, START + timedelta(seconds=second + clock_ahead)


def heard(witness: Witness, first: int, last: int, *, clock_ahead: float = 0) -> None:
    for second in range(first, last + 1, int(BEAT_SECONDS)):
        witness.heard(*at(second, clock_ahead=clock_ahead))


def test_who_was_just_started_judges_nobody() -> None:
    witness = Witness()

    assert not witness.may_judge(*at(0))
    heard(witness, 0, LONG - 5)
    assert not witness.may_judge(*at(LONG - 1))


def test_who_was_heard_long_enough_may_judge() -> None:
    witness = Witness()
    heard(witness, 0, LONG)

    assert witness.may_judge(*at(LONG))


def test_one_beat_that_came_late_does_no_harm() -> None:
    witness = Witness()
    heard(witness, 0, 10)
    heard(witness, int(10 + GAP_SECONDS), LONG)

    assert witness.may_judge(*at(LONG))


def test_after_an_outage_of_the_database_the_time_begins_anew() -> None:
    witness = Witness()
    heard(witness, 0, 60)
    heard(witness, 120, 145)
    early = witness.may_judge(*at(145))
    heard(witness, 150, 150)

    assert not early
    assert witness.may_judge(*at(150))


def test_during_an_outage_nobody_is_judged() -> None:
    witness = Witness()
    heard(witness, 0, 60)

    assert not witness.may_judge(*at(60 + GAP_SECONDS + 1))


def test_a_process_that_was_stopped_for_a_while_judges_nobody_at_first() -> None:
    witness = Witness()
    heard(witness, 0, 60)

    assert not witness.may_judge(*at(90))
    heard(witness, 90, 115)
    assert not witness.may_judge(*at(119))
    heard(witness, 120, 120)
    assert witness.may_judge(*at(120))


def test_a_suspended_machine_is_noticed_though_its_steady_clock_stood_still() -> None:
    witness = Witness()
    heard(witness, 0, 60)

    assert not witness.may_judge(*at(61, clock_ahead=8 * 3600))
    heard(witness, 62, 62, clock_ahead=8 * 3600)
    assert not witness.may_judge(*at(64, clock_ahead=8 * 3600))


def test_a_clock_that_was_set_begins_the_time_anew() -> None:
    for jump in (-3600, 60, 3600):
        witness = Witness()
        heard(witness, 0, 60)
        heard(witness, 65, 90, clock_ahead=jump)

        assert not witness.may_judge(*at(91, clock_ahead=jump))
        heard(witness, 95, 95, clock_ahead=jump)
        assert witness.may_judge(*at(95, clock_ahead=jump))


def test_a_clock_that_is_slewed_a_little_does_no_harm() -> None:
    witness = Witness()
    for second in range(0, LONG + 1, 5):
        witness.heard(*at(second, clock_ahead=second * 0.0005))

    assert witness.may_judge(*at(LONG, clock_ahead=0.015))
