"""The lease: one leader at a time, found again when it was lost, never taken from a successor."""

from __future__ import annotations

import time

import pytest
from redis import Redis

from edupulse.control import lease as module
from edupulse.control.lease import STUCK_SECONDS, Lease

pytestmark = pytest.mark.real_redis
KEY = "rq:scheduler_lock"


def candidate(redis: Redis, owner: str, seconds: float = 10.0) -> Lease:
    return Lease(redis, KEY, owner, seconds)


def test_only_one_of_two_leads(real_redis: Redis) -> None:
    first, second = candidate(real_redis, "a"), candidate(real_redis, "b")

    assert first.take()
    assert not second.take()

    assert (first.held, second.held) == (True, False)


def test_taking_again_renews_and_is_not_new(real_redis: Redis) -> None:
    lease = candidate(real_redis, "a")
    lease.take()
    real_redis.pexpire(KEY, 500)

    assert not lease.take()

    assert lease.held
    assert real_redis.pttl(KEY) > 9_000


def test_a_lease_whose_answer_was_lost_on_the_wire_is_still_ours(real_redis: Redis) -> None:
    lease = candidate(real_redis, "a")
    lease.take()
    lease._held_until = 0.0  # as after a timeout: Redis knows us, we do not know it

    lease.take()

    assert lease.held


def test_a_lapsed_lease_passes_to_the_next_and_is_not_given_back_for_it(real_redis: Redis) -> None:
    first, second = candidate(real_redis, "a"), candidate(real_redis, "b")
    first.take()
    real_redis.delete(KEY)

    assert second.take()
    first.release()

    assert real_redis.get(KEY) is not None
    assert second.held


def test_a_renewal_that_finds_another_owner_loses_the_lease_at_once(real_redis: Redis) -> None:
    first, second = candidate(real_redis, "a"), candidate(real_redis, "b")
    first.take()
    real_redis.delete(KEY)
    second.take()

    first.renew()

    assert not first.held
    assert str(real_redis.get(KEY)).startswith("b'b:")


def test_a_lease_that_redis_forgot_is_lost_and_then_new(real_redis: Redis) -> None:
    lease = candidate(real_redis, "a")
    lease.take()
    real_redis.flushall()

    lease.renew()
    lost = not lease.held

    assert lost
    assert lease.take()


def test_who_was_stopped_longer_than_the_lease_believes_in_it_no_more(
    real_redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = candidate(real_redis, "a")
    lease.take()
    later = time.monotonic() + 10.1

    monkeypatch.setattr(module, "monotonic", lambda: later)

    assert not lease.held


def test_a_leader_that_makes_no_step_lets_the_lease_go(
    real_redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = candidate(real_redis, "a", seconds=2 * STUCK_SECONDS)
    lease.take()
    later = time.monotonic() + STUCK_SECONDS + 1
    monkeypatch.setattr(module, "monotonic", lambda: later)
    real_redis.pexpire(KEY, 500)

    lease.renew()

    assert real_redis.pttl(KEY) <= 500


def test_a_step_keeps_a_long_round_in_the_lead(real_redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = candidate(real_redis, "a", seconds=2 * STUCK_SECONDS)
    lease.take()
    later = time.monotonic() + STUCK_SECONDS + 1
    monkeypatch.setattr(module, "monotonic", lambda: later)
    real_redis.pexpire(KEY, 500)
    lease.step()

    lease.renew()

    assert real_redis.pttl(KEY) > 500


def test_the_thread_renews_until_the_block_ends_and_then_gives_back(real_redis: Redis) -> None:
    lease = candidate(real_redis, "a", seconds=1.0)

    with lease.kept():
        lease.take()
        real_redis.persist(KEY)
        while real_redis.pttl(KEY) == -1:  # until the thread has set it anew
            time.sleep(0.02)
        kept = lease.held

    assert kept
    assert not lease.held
    assert real_redis.get(KEY) is None


def test_giving_back_without_redis_raises_nothing() -> None:
    lease = candidate(Redis(unix_socket_path="/nonexistent.sock"), "a")

    lease.release()

    assert not lease.held
