"""A Redis that is away, locked, forgetful, full, or open to everybody."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from redis import Redis

from edupulse.embedded import redis_server
from edupulse.embedded.ports import free_port
from tests.doctor.place import Place, Steps, broken
from tests.embedded.processes import wait_until
from tests.servers import RedisProcess


@broken("redis", "problem", cure="cli.py start")
def no_redis(place: Place) -> Steps:
    server = RedisProcess()
    right = place.environment["REDIS_URL"]
    place.set(REDIS_URL=server.url)
    yield
    server.start()
    assert place.doctor()[1]["redis"]["state"] == "ok"
    server.remove()
    place.set(REDIS_URL=right)


@broken("redis", "problem", cure="Put the right one into REDIS_URL")
def a_wrong_password(place: Place) -> Steps:
    right = place.environment["REDIS_URL"]
    place.redis.config_set("requirepass", "the right one")
    place.set(REDIS_URL=f"{right}?password=another")
    yield
    place.set(REDIS_URL=f"{right}?password=the%20right%20one")
    assert place.doctor()[1]["redis"]["state"] == "ok"
    place.redis.config_set("requirepass", "")
    place.set(REDIS_URL=right)


@broken("redis_eviction", "problem", cure="maxmemory-policy noeviction")
def a_redis_that_throws_jobs_away(place: Place) -> Steps:
    place.redis.config_set("maxmemory-policy", "allkeys-lru")
    finding = yield
    config_set(place, finding["cure"])


@broken("redis_persistence", "warning", cure="appendonly yes")
def a_redis_that_forgets(place: Place) -> Steps:
    place.redis.config_set("appendonly", "no")
    finding = yield
    config_set(place, finding["cure"])


@broken("redis_persistence", "warning", cure="appendfsync everysec")
def a_redis_that_writes_when_it_likes(place: Place) -> Steps:
    place.redis.config_set("appendfsync", "no")
    finding = yield
    config_set(place, finding["cure"])


@broken("redis_write", "problem", cure="a higher maxmemory")
def a_full_redis(place: Place) -> Steps:
    place.redis.config_set("maxmemory", "1mb")
    yield
    place.redis.config_set("maxmemory", "1gb")
    assert place.doctor()[1]["redis_write"]["state"] == "ok"
    place.redis.config_set("maxmemory", "0")


@broken("redis_write", "problem", cure="Point REDIS_URL at its master")
def a_copy_of_another_redis(place: Place) -> Steps:
    copy, right = RedisProcess().start(), place.environment["REDIS_URL"]
    with Redis.from_url(copy.url) as client:
        client.replicaof("127.0.0.1", 1)
    place.set(REDIS_URL=copy.url)
    yield
    place.set(REDIS_URL=right)
    copy.remove()


@broken("redis_write", "problem", cure="ACL SETUSER NAME ~* &* +@all")
def a_user_who_may_not_write(place: Place) -> Steps:
    right = place.environment["REDIS_URL"]
    place.redis.acl_setuser(
        "clerk", enabled=True, passwords=["+secret"], keys=["other:*"], commands=["+@all"]
    )
    place.set(REDIS_URL=right.replace("unix://", "unix://clerk@") + "?password=secret")
    finding = yield
    _, _, command = finding["cure"].partition("redis-cli: ")
    place.redis.execute_command(*command.replace("NAME", "clerk").split())
    assert place.doctor()[1]["redis_write"]["state"] == "ok"
    place.redis.acl_deluser("clerk")
    place.set(REDIS_URL=right)


@broken("redis_access", "problem", cure="chmod 700")
def a_socket_that_is_open_to_everybody(place: Place) -> Steps:
    Path(place.environment["REDIS_URL"].removeprefix("unix://")).chmod(0o777)
    finding = yield
    place.follow(finding["cure"].partition("for now: ")[2])


@broken("redis_access", "warning", cure="requirepass")
def a_port_without_a_password(place: Place) -> Steps:
    port, right = free_port("127.0.0.1"), place.environment["REDIS_URL"]
    folder = tempfile.TemporaryDirectory(prefix="edu-redis-")
    command = [str(redis_server.find_server()), "--port", str(port), "--bind", "127.0.0.1"]
    command += ["--dir", folder.name, "--appendonly", "yes", "--save", ""]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    with Redis(port=port) as client:
        wait_until(lambda: _answers(client))
        place.set(REDIS_URL=f"redis://127.0.0.1:{port}/0")
        yield
        client.config_set("requirepass", "long-and-secret")
        place.set(REDIS_URL=f"redis://:long-and-secret@127.0.0.1:{port}/0")
        assert place.doctor()[1]["redis_access"]["state"] == "ok"
    server.terminate()
    server.wait(20)
    folder.cleanup()
    place.set(REDIS_URL=right)


def config_set(place: Place, cure: str) -> None:
    """Do what `... CONFIG SET: NAME VALUE` says."""
    name, value = cure.partition("CONFIG SET: ")[2].split()
    place.redis.config_set(name, value)


def _answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except ConnectionError:
        return False


SETUPS = (
    no_redis,
    a_wrong_password,
    a_redis_that_throws_jobs_away,
    a_redis_that_forgets,
    a_redis_that_writes_when_it_likes,
    a_full_redis,
    a_copy_of_another_redis,
    a_user_who_may_not_write,
    a_socket_that_is_open_to_everybody,
    a_port_without_a_password,
)
