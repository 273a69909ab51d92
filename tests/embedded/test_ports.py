"""Whether a port is free, and what is said when it is not."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from edupulse.embedded.ports import free_port, is_free, is_listening, require_free
from edupulse.errors import Conflict, Invalid


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_taken_port_is_named_together_with_its_setting(taken: int) -> None:
    with pytest.raises(Conflict, match=rf"Port {taken} .* EDUPULSE_PORT"):
        require_free("127.0.0.1", taken, setting="EDUPULSE_PORT")


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises((Conflict, Invalid), match="EDUPULSE_"):
        require_free("192.0.2.1", 8080, setting="EDUPULSE_PORT")


def test_a_free_port_is_free() -> None:
    assert is_free("127.0.0.1", free_port("127.0.0.1"))


def test_the_next_port_is_taken_when_the_wanted_one_is_not_free(taken: int) -> None:
    found = free_port("127.0.0.1", first=taken)

    assert found != taken
    assert is_free("127.0.0.1", found)


def test_a_server_is_seen_to_listen(taken: int) -> None:
    assert is_listening("127.0.0.1", taken)
    assert not is_listening("127.0.0.1", free_port("127.0.0.1"))
