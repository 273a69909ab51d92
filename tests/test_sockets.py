"""Where sockets lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from edupulse.sockets import LONGEST_PATH, socket_path


def test_a_socket_lies_in_the_data_folder() -> None:
    assert socket_path(Path("/srv/edupulse/var"), "redis.sock") == Path("/srv/edupulse/var/redis.sock")


def test_a_folder_with_a_path_too_long_for_the_kernel_gets_a_short_one() -> None:
    folder = Path("/srv") / ("long" * 40)

    path = socket_path(folder, "redis.sock")

    assert len(str(path)) <= LONGEST_PATH
    assert path == socket_path(folder, "redis.sock")


@pytest.mark.parametrize("name", ["my school", "a=b", "学校"])
def test_a_folder_whose_name_would_confuse_clients_of_redis_gets_a_plain_one(name: str) -> None:
    assert socket_path(Path("/srv") / name, "redis.sock").parts[1] == "tmp"


def test_two_folders_with_long_paths_do_not_share_a_socket() -> None:
    one, other = Path("/srv") / ("long" * 40) / "one", Path("/srv") / ("long" * 40) / "other"

    assert socket_path(one, "redis.sock") != socket_path(other, "redis.sock")


def test_the_length_is_counted_in_bytes_not_letters() -> None:
    folder = Path("/srv") / ("学" * 40)

    assert socket_path(folder, "redis.sock").parts[1] == "tmp"
