"""A connection by way of Sentinels: it finds the master, and the next one when that dies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis.exceptions import RedisError

from edupulse.control.connection import connect
from edupulse.embedded import redis_server
from edupulse.embedded.ports import free_port
from edupulse.errors import Unavailable
from edupulse.web.looking_redis import LookingRedis
from tests.proofs.sentinels import Watched
from tests.servers import missing

pytestmark = pytest.mark.real_redis


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    try:
        redis_server.find_server()
    except Unavailable:
        missing("redis-server")
    with Watched() as servers:
        yield servers


def test_the_same_connection_reaches_the_next_master_after_a_failover(watched: Watched) -> None:
    connection = connect(watched.url, patience_seconds=10)
    connection.set("before", "kept")
    connection.wait(1, 1000)

    dead = watched.kill_master()
    watched.wait_for_another_master(dead)

    assert connection.get("before") == b"kept"
    connection.set("after", "written")
    watched.start_server(dead, replica_of=watched.master_port())
    connection.close()


def test_a_silent_sentinel_is_passed_over(watched: Watched) -> None:
    url = watched.url.replace("@", f"@127.0.0.1:{free_port('127.0.0.1')},")
    connection = connect(url)

    assert connection.ping()
    connection.close()


def test_an_unknown_master_is_an_outage_like_any_other(watched: Watched) -> None:
    connection = connect(watched.url.replace("/edupulse", "/nobody"))

    with pytest.raises(RedisError, match="No master found for 'nobody'") as caught:
        connection.ping()

    assert watched.password not in str(caught.value)
    connection.close()


def test_the_view_of_redis_in_the_browser_follows_as_well(watched: Watched) -> None:
    connection = connect(watched.url)
    looking = LookingRedis(connection_pool=connection.connection_pool)

    with looking.pipeline() as pipeline:
        pipeline.get("nothing")
        answers = pipeline.execute()

    assert answers == [None]
    connection.close()
