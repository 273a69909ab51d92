"""The turnstile: what it grants, what it counts, who goes first, and what it knows when Redis knows nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from time import monotonic, sleep

import pytest
from flask import Flask
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from edupulse import clock
from edupulse.errors import Unavailable
from edupulse.mail.limits import Limits
from edupulse.mail.turnstile import Turnstile
from tests.mail.forked import forked
from tests.mail.ledger import ledger
from tests.mail.test_limits import limits
from tests.mail.turnstile_day import START, SimulatedClock

Gates = Callable[..., Turnstile]


@pytest.fixture
def time(sqlite_app: Flask, real_redis: Redis) -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def gate(time: SimulatedClock) -> Gates:
    def make(**own: object) -> Turnstile:
        return Turnstile(1, limits(**own), clock=time)

    return make


def test_a_bulk_grant_is_one_batch_and_the_next_comes_after_the_delay(
    gate: Gates, time: SimulatedClock
) -> None:
    turnstile = gate()

    first = turnstile.ask(100, "a", bulk=True)
    second = turnstile.ask(100, "b", bulk=True)
    time.passed += second.wait
    third = turnstile.ask(100, "b", bulk=True)

    assert (first.count, first.wait) == (20, 0)
    assert (second.count, second.binding) == (0, "batch_delay")
    assert second.wait == pytest.approx(0.5)
    assert third.count == 20


def test_a_batch_cut_short_by_a_window_shortens_the_gap_too(gate: Gates, time: SimulatedClock) -> None:
    turnstile = gate(per_minute=25, batch_delay=10.0)
    turnstile.ask(20, "a", bulk=True)
    time.passed += 10

    grant = turnstile.ask(20, "b", bulk=True)
    turnstile.give_back("a")
    after = turnstile.ask(20, "c", bulk=True)

    assert (grant.count, grant.binding) == (5, "per_minute")
    assert after.wait == pytest.approx(10 * 5 / 20)


def test_the_gap_passes_while_a_window_binds_and_not_after_it(gate: Gates, time: SimulatedClock) -> None:
    turnstile = gate(per_minute=20, batch_delay=30.0)
    turnstile.ask(20, "a", bulk=True)
    turnstile.spend("a", 20)

    grant = turnstile.ask(20, "b", bulk=True)
    time.passed += grant.wait

    assert grant.wait == pytest.approx(60, abs=0.1)
    assert turnstile.ask(20, "b", bulk=True).count == 20


def test_what_was_granted_counts_until_it_is_given_back(gate: Gates) -> None:
    turnstile = gate(per_minute=30)
    turnstile.ask(20, "a", bulk=False)
    turnstile.ask(20, "b", bulk=False)

    before = turnstile.ask(20, "c", bulk=False)
    turnstile.give_back("b")
    after = turnstile.ask(20, "c", bulk=False)

    assert (before.count, before.binding) == (0, "per_minute")
    assert after.count == 10


def test_a_mail_counts_from_when_it_went_not_from_when_it_was_granted(
    gate: Gates, time: SimulatedClock
) -> None:
    turnstile = gate(per_minute=1)
    turnstile.ask(1, "a", bulk=False)
    time.passed += 50
    turnstile.spend("a")

    time.passed += 59.9
    too_soon = turnstile.ask(1, "b", bulk=False)
    time.passed += too_soon.wait

    assert too_soon.count == 0
    assert turnstile.ask(1, "b", bulk=False).count == 1


def test_at_the_very_end_of_its_window_a_mail_still_counts(gate: Gates, time: SimulatedClock) -> None:
    turnstile = gate(per_minute=1)
    turnstile.ask(1, "a", bulk=False)
    turnstile.spend("a")

    time.passed += 60

    assert turnstile.ask(1, "b", bulk=False).count == 0


def test_after_a_long_silence_only_the_latest_mails_count(gate: Gates, time: SimulatedClock) -> None:
    turnstile = gate(per_minute=10)
    turnstile.ask(6, "a", bulk=False)
    turnstile.finish("a", 6)
    time.passed += 1000
    turnstile.ask(3, "b", bulk=False)
    turnstile.finish("b", 3)

    assert turnstile.ask(10, "c", bulk=False).count == 7


def test_what_a_dead_worker_was_granted_counts_as_gone_when_it_is_settled(
    gate: Gates, time: SimulatedClock
) -> None:
    turnstile = gate(per_minute=10)
    turnstile.ask(10, "dead", bulk=False)
    time.passed += 600

    turnstile.settle("dead")

    assert turnstile.state().in_air == 0
    assert turnstile.ask(1, "b", bulk=False).wait == pytest.approx(60, abs=0.1)


def test_what_a_dead_worker_held_is_settled_once_the_ledger_has_its_claim_no_more(
    gate: Gates, time: SimulatedClock
) -> None:
    turnstile = gate(per_minute=10)
    turnstile.ask(10, "dead", bulk=False)
    time.passed += 61

    at_first = turnstile.ask(10, "b", bulk=False)
    state = turnstile.state()
    time.passed += 61

    assert at_first.count == 0
    assert (state.in_air, state.passages[0].used) == (0, 10)
    assert turnstile.ask(10, "b", bulk=False).count == 10


def test_what_a_slow_worker_holds_stays_its_own(gate: Gates, time: SimulatedClock) -> None:
    turnstile = gate(per_minute=10)
    turnstile.ask(10, "claim-1", bulk=False)
    ledger(sending=10)
    time.passed += 3600

    turnstile.ask(10, "b", bulk=False)

    assert turnstile.state().in_air == 10


def test_one_call_ends_a_batch(gate: Gates) -> None:
    turnstile = gate(per_minute=30)
    turnstile.ask(20, "a", bulk=True)

    turnstile.finish("a", 12)

    assert turnstile.state().in_air == 0
    assert turnstile.state().passages[0].used == 12


def test_while_a_reminder_waits_bulk_mail_gets_nothing(gate: Gates, time: SimulatedClock) -> None:
    turnstile = gate(per_minute=10)
    turnstile.ask(10, "bulk", bulk=True)
    turnstile.spend("bulk", 10)
    reminder = turnstile.ask(1, "reminder", bulk=False)
    time.passed += reminder.wait

    passed_over = turnstile.ask(10, "bulk", bulk=True)
    first = turnstile.ask(1, "reminder", bulk=False)
    afterwards = turnstile.ask(10, "bulk", bulk=True)

    assert (passed_over.count, passed_over.binding) == (0, "urgent")
    assert first.count == 1
    assert afterwards.count == 9


def test_a_reminder_that_never_comes_back_stops_bulk_mail_for_seconds_only(
    gate: Gates, time: SimulatedClock
) -> None:
    turnstile = gate(per_minute=10)
    turnstile.ask(10, "bulk", bulk=True)
    turnstile.spend("bulk", 10)
    gone = turnstile.ask(1, "reminder", bulk=False)

    time.passed += gone.wait + 10.1

    assert turnstile.ask(10, "bulk", bulk=True).count == 10


def test_reminders_do_not_wait_for_the_gap_between_batches(gate: Gates) -> None:
    turnstile = gate()
    turnstile.ask(20, "bulk", bulk=True)

    assert turnstile.ask(3, "reminder", bulk=False).count == 3


def test_a_batch_is_not_cut_into_single_mails(gate: Gates, time: SimulatedClock) -> None:
    turnstile = gate(per_minute=30, batch_delay=0.0)
    for _ in range(30):
        turnstile.ask(1, "a", bulk=False)
        turnstile.spend("a")
        time.passed += 1

    grant = turnstile.ask(20, "b", bulk=True)
    time.passed += grant.wait

    assert turnstile.ask(20, "b", bulk=True).count == 3


def test_two_accounts_do_not_wait_for_each_other(gate: Gates, time: SimulatedClock) -> None:
    gate().ask(20, "a", bulk=True)

    other = Turnstile(2, limits(), clock=time)

    assert other.ask(20, "a", bulk=True).count == 20


def test_the_state_says_how_full_each_window_is_and_what_binds(gate: Gates) -> None:
    turnstile = gate(per_minute=30, per_day=100)
    turnstile.ask(20, "a", bulk=True)
    turnstile.spend("a", 15)

    state = turnstile.state()

    assert [(each.window.name, each.used) for each in state.passages] == [("per_minute", 15), ("per_day", 15)]
    assert (state.in_air, state.binding) == (5, "batch_delay")


def test_the_state_names_a_full_window(gate: Gates) -> None:
    turnstile = gate(per_minute=30, per_day=20)
    turnstile.ask(20, "a", bulk=True)

    assert turnstile.state().binding == "per_day"


@pytest.mark.usefixtures("sqlite_app")
def test_without_limits_a_batch_costs_one_call_and_a_mail_none(real_redis: Redis) -> None:
    turnstile = Turnstile(1, limits(batch_delay=0.0))
    turnstile.ask(20, "a", bulk=True)
    before = real_redis.info("stats")["total_commands_processed"]

    for _ in range(10):
        assert turnstile.ask(20, "a", bulk=True).count == 20
        turnstile.spend("a", 20)
        turnstile.give_back("a")

    spent = real_redis.info("stats")["total_commands_processed"] - before
    assert spent == 10 + 1  # the question itself is one


@pytest.mark.usefixtures("sqlite_app")
def test_without_redis_nothing_is_granted(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise RedisConnectionError

    monkeypatch.setattr(redis, "evalsha", away)

    with pytest.raises(Unavailable, match="Redis cannot be reached"):
        Turnstile(1, limits()).ask(1, "a", bulk=True)


def free(limit: Limits, time: SimulatedClock) -> int:
    return Turnstile(1, limit, clock=time).ask(1000, "somebody", bulk=False).count


def test_what_redis_forgot_is_brought_from_the_ledger(time: SimulatedClock) -> None:
    with clock.frozen(START):
        ledger(90_000, 5_000, 90, 59, 30, 1)

        assert free(limits(per_minute=10), time) == 7
        assert free(limits(per_day=1000), time) == 1000 - 5 - 7


def test_mails_in_hand_count_until_their_holder_has_told(gate: Gates, time: SimulatedClock) -> None:
    with clock.frozen(START):
        ledger(sending=4)
        turnstile = gate(per_minute=10)

        assert turnstile.ask(10, "other", bulk=False).count == 6
        turnstile.give_back("claim-1")

    assert turnstile.state().in_air == 6
    assert turnstile.state().passages[0].used == 4


def test_tries_that_never_reached_the_server_do_not_count(time: SimulatedClock) -> None:
    with clock.frozen(START):
        ledger(1, 2, 3, phase="connect")

        assert free(limits(per_minute=10), time) == 10


def test_mails_of_another_account_do_not_count(time: SimulatedClock) -> None:
    with clock.frozen(START):
        ledger(1, 2, 3, sender_id=2)

        assert free(limits(per_minute=10), time) == 10


def test_tries_in_the_future_count_as_of_now(time: SimulatedClock) -> None:
    with clock.frozen(START):
        ledger(-3600)

        assert free(limits(per_minute=10), time) == 9


def test_a_limit_that_is_set_later_knows_what_went_before(time: SimulatedClock) -> None:
    with clock.frozen(START):
        ledger(10, 20)
        assert free(limits(), time) == 1000

        assert free(limits(per_minute=10), time) == 8


def test_a_clock_set_forward_frees_nothing(gate: Gates, time: SimulatedClock) -> None:
    turnstile = gate(per_minute=10)
    turnstile.ask(10, "a", bulk=False)
    turnstile.spend("a", 10)

    time.step = 3600
    at_once = turnstile.ask(1, "b", bulk=False)

    assert at_once.count == 0
    assert at_once.wait == pytest.approx(60, abs=0.1)


def test_a_clock_set_back_holds_nothing_longer(gate: Gates, time: SimulatedClock) -> None:
    turnstile = gate(per_minute=10)
    turnstile.ask(10, "a", bulk=False)
    turnstile.spend("a", 10)

    time.step = -3600
    time.passed += 61

    assert turnstile.ask(10, "b", bulk=False).count == 10


def test_another_machine_shares_the_windows_after_the_clock_was_set(
    gate: Gates, time: SimulatedClock
) -> None:
    gate(per_minute=10).ask(10, "a", bulk=False)
    gate(per_minute=10).spend("a", 10)
    time.step = -3600
    gate(per_minute=10).state()
    gate(per_minute=10).give_back("a")

    elsewhere = SimulatedClock("machine-2")
    elsewhere.passed, elsewhere.step = 61, -3600

    assert free(limits(per_minute=10), elsewhere) == 10


def test_a_machine_that_comes_first_after_the_clock_was_set_back_waits_a_window_at_most(
    gate: Gates, time: SimulatedClock
) -> None:
    gate(per_minute=10).ask(10, "a", bulk=False)
    gate(per_minute=10).finish("a", 10)

    elsewhere = SimulatedClock("machine-2")
    elsewhere.passed, elsewhere.step = 30, -3600
    grant = Turnstile(1, limits(per_minute=10), clock=elsewhere).ask(10, "b", bulk=False)

    assert grant.wait == pytest.approx(60, abs=0.1)


@pytest.mark.usefixtures("sqlite_app", "real_redis")
def test_batches_of_two_processes_keep_one_distance() -> None:
    def take_four() -> None:
        turnstile, batches = Turnstile(1, limits(batch_delay=0.1)), 0
        while batches < 4:
            grant = turnstile.ask(20, f"process {os.getpid()}", bulk=True)
            batches += grant.count > 0
            sleep(grant.wait)

    began = monotonic()
    with forked(take_four) as one_is_done, forked(take_four) as other_is_done:
        one_is_done()
        other_is_done()
        took = monotonic() - began

    assert took >= 7 * 0.1  # eight batches have seven gaps, however fast or slow the processes are
