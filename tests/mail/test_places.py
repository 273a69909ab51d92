"""Places: all workers together open no more connections than the account may have, and a dead one keeps none."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from flask import Flask
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from edupulse.errors import Unavailable
from edupulse.mail import connections, places, warm
from edupulse.mail.account import SmtpAccount
from edupulse.mail.outcome import Outcome, Phase, Verdict
from edupulse.mail.places import RedisPlaces
from edupulse.mail.providers import NETEASE
from edupulse.mail.smtp import NotConnected
from tests.doubles.smtp_double import SmtpDouble
from tests.doubles.smtp_script import close, on, reply
from tests.mail.forked import forked
from tests.mail.smtp_client import account_for, until

KEY = "edupulse:connections:test"
TOO_MANY = Outcome(Phase.MAIL, Verdict.PACE, "concurrency", 432)


def shared(redis: Redis, limit: int = 2) -> RedisPlaces:
    return RedisPlaces(redis, KEY, limit)


def keep_one(account: SmtpAccount) -> None:
    """Open a connection and keep it for the next mail, which never comes."""
    with connections.leased(account):
        pass


def test_no_more_places_are_given_than_there_are(real_redis: Redis) -> None:
    taken = [shared(real_redis).take(token) for token in ("a", "b", "c")]

    assert taken == [True, True, False]


def test_a_place_that_was_given_back_goes_to_the_first_in_line(real_redis: Redis) -> None:
    one = shared(real_redis, limit=1)
    one.take("a")
    one.take("b")
    one.take("c")
    one.release(["a"])

    assert not one.take("c")
    assert one.take("b")


def test_who_leaves_the_line_stops_nobody(real_redis: Redis) -> None:
    one = shared(real_redis, limit=1)
    one.take("a")
    one.take("b")
    one.leave("b")
    one.release(["a"])

    assert one.take("c")


def test_a_place_that_is_not_renewed_lapses(real_redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "LEASE_SECONDS", 0.05)
    one = shared(real_redis, limit=1)
    one.take("dead")

    assert until(lambda: one.take("b"))


def test_a_place_from_before_the_clock_was_set_back_lapses_too(
    real_redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "LEASE_SECONDS", 3600.0)
    one = shared(real_redis, limit=1)
    one.take("dead")
    monkeypatch.setattr(places, "LEASE_SECONDS", 0.05)

    assert until(lambda: one.take("b"))


def test_renewing_hears_that_others_wait(real_redis: Redis) -> None:
    one = shared(real_redis, limit=1)
    mine = places.new_token()
    one.take(mine)
    alone = one.renew([mine])
    one.take(places.new_token())
    own_only = one.renew([mine])
    one.take("elsewhere:1")

    assert (alone, own_only, one.renew([mine])) == (0, 0, 1)


def test_renewing_mends_what_redis_forgot(real_redis: Redis) -> None:
    one = shared(real_redis, limit=1)
    one.take("a")
    real_redis.flushall()
    one.renew(["a"])

    assert not one.take("b")


def test_fewer_are_given_once_the_server_refused_one(real_redis: Redis) -> None:
    three = shared(real_redis, limit=3)
    for token in ("a", "b", "c"):
        three.take(token)
    three.learn_fewer()
    three.release(["c"])

    assert not three.take("d")


def test_one_more_is_tried_after_a_quiet_while(real_redis: Redis) -> None:
    three = shared(real_redis, limit=3)
    for token in ("a", "b", "c"):
        three.take(token)
    three.learn_fewer()
    three.release(["c"])
    at = float(real_redis.hget(f"{KEY}:learned", "at") or 0)
    real_redis.hset(f"{KEY}:learned", "at", at - 301)

    assert three.take("d")


def test_at_least_one_place_is_left(real_redis: Redis) -> None:
    one = shared(real_redis, limit=3)
    one.take("a")
    one.learn_fewer()
    one.learn_fewer()
    one.release(["a"])

    assert one.take("b")


@pytest.mark.usefixtures("sqlite_app")
def test_a_warm_connection_asks_redis_nothing(real_redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    with SmtpDouble() as double:
        account = account_for(double)
        with connections.leased(account):
            pass
        calls: list[object] = []
        monkeypatch.setattr(places.RedisPlaces, "take", lambda *about: calls.append(about))
        for _ in range(5):
            with connections.leased(account):
                pass
        connections.close_all()

    assert calls == []
    assert len(double.connections) == 1


@pytest.mark.usefixtures("real_redis")
def test_threads_of_a_worker_share_the_connections_that_are_allowed(
    sqlite_app: Flask, change_settings: Callable[..., None]
) -> None:
    change_settings(email_connections=2)
    with SmtpDouble() as double:
        account = account_for(double)

        def send(_: int) -> None:
            with sqlite_app.app_context(), connections.leased(account):
                pass

        with ThreadPoolExecutor(6) as threads:
            list(threads.map(send, range(24)))
        connections.close_all()

    assert len(double.connections) <= 2


@pytest.mark.usefixtures("sqlite_app")
def test_a_closed_connection_leaves_its_place(real_redis: Redis) -> None:
    with SmtpDouble() as double:
        with connections.leased(account_for(double)):
            pass
        connections.close_all()

    assert real_redis.keys("edupulse:connections:*") == []


@pytest.mark.usefixtures("sqlite_app")
def test_a_connection_that_cannot_be_opened_leaves_its_place(real_redis: Redis) -> None:
    with SmtpDouble(on("greeting", reply("554 5.7.1 no"))) as double:
        account = account_for(double)
        with pytest.raises(NotConnected), connections.leased(account):
            pass

    assert real_redis.keys("edupulse:connections:*") == []


@pytest.mark.usefixtures("sqlite_app")
def test_without_redis_no_new_connection_is_opened(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise RedisConnectionError

    monkeypatch.setattr(redis, "evalsha", away)
    with SmtpDouble() as double, pytest.raises(Unavailable), connections.leased(account_for(double)):
        pass

    assert double.connections == []


@pytest.mark.usefixtures("sqlite_app", "real_redis")
def test_who_waits_too_long_for_a_place_is_told(
    change_settings: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "PATIENCE_SECONDS", 0.01)
    change_settings(email_connections=1)
    with SmtpDouble() as double:
        account = account_for(double)
        with connections.leased(account), pytest.raises(NotConnected) as caught, connections.leased(account):
            pass
        connections.close_all()

    assert caught.value.outcome.cause == "concurrency"
    assert caught.value.outcome.retry_after == 10


@pytest.mark.usefixtures("sqlite_app")
def test_a_server_that_refuses_the_third_connection_gets_two(real_redis: Redis) -> None:
    with SmtpDouble() as double:
        account = account_for(double)
        with connections.leased(account), connections.leased(account), connections.leased(account) as third:
            connections.learn(account, third, TOO_MANY)
            connections.learn(account, third, TOO_MANY)  # said again of the same connection: learned once
        idle = connections._own_pool().idle[account]
        learned = [int(real_redis.hget(key, "most") or 0) for key in real_redis.keys("*:learned")]
        connections.close_all()

    assert len(idle) == 2
    assert learned == [2]


@pytest.mark.usefixtures("sqlite_app")
def test_a_server_that_greets_only_two_at_once_is_asked_for_two(real_redis: Redis) -> None:
    too_many = on("greeting", reply("421 HL:ICC too many"), close, connection=3)
    with SmtpDouble(too_many) as double:
        account = replace(account_for(double), provider=replace(NETEASE, connections=5))
        two = connections.leased(account), connections.leased(account)
        with two[0], two[1], pytest.raises(NotConnected), connections.leased(account):
            pass
        learned = [int(real_redis.hget(key, "most") or 0) for key in real_redis.keys("*:learned")]
        connections.close_all()

    assert learned == [2]


@pytest.mark.usefixtures("sqlite_app", "real_redis")
def test_another_process_leaves_its_idle_connection_to_one_that_waits(
    change_settings: Callable[..., None],
) -> None:
    change_settings(email_connections=1)
    with SmtpDouble() as double:
        account = account_for(double)
        with forked(lambda: keep_one(account)) as other_is_idle:
            other_is_idle()
            keep_one(account)
        connections.close_all()

    assert [each.commands[-1] for each in double.connections] == ["QUIT", "QUIT"]


@pytest.mark.usefixtures("sqlite_app")
def test_the_place_of_a_killed_process_is_free_after_its_lease(
    real_redis: Redis, change_settings: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "LEASE_SECONDS", 1.5)
    change_settings(email_connections=1)
    with SmtpDouble() as double:
        account = account_for(double)
        with forked(lambda: keep_one(account)) as other_is_idle:
            other_is_idle()
        held = real_redis.zcard(real_redis.keys("edupulse:connections:*")[0])
        keep_one(account)
        connections.close_all()

    assert held == 1
    assert len(double.connections) == 2


@pytest.mark.usefixtures("sqlite_app", "real_redis")
def test_a_busy_connection_is_given_up_after_its_mail_when_others_wait(
    change_settings: Callable[..., None], monkeypatch: pytest.MonkeyPatch, real_redis: Redis
) -> None:
    monkeypatch.setattr(warm, "FAIR_SECONDS", 0.0)
    monkeypatch.setattr(warm, "RENEW_SECONDS", 0.01)
    change_settings(email_connections=1)
    with SmtpDouble() as double:
        account = account_for(double)
        with connections.leased(account):
            waiting = places.places_of(account)
            assert not waiting.take("elsewhere:1")
            assert until(lambda: connections._own_pool()._asked_back == 1)
        idle = connections._own_pool().idle[account]

        assert idle == []
        assert waiting.take("elsewhere:1")
        waiting.release(["elsewhere:1"])


@pytest.mark.usefixtures("sqlite_app", "real_redis")
def test_the_keeper_ends_with_the_last_connection() -> None:
    with SmtpDouble() as double:
        with connections.leased(account_for(double)):
            pass
        keepers = [each for each in threading.enumerate() if each.name == "connections"]
        connections.close_all()

        assert until(lambda: not any(each.is_alive() for each in keepers))
    assert keepers
