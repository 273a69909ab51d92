"""Has the machine room, and do the clocks agree."""

from __future__ import annotations

import socket
from collections import namedtuple
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from edupulse.config import current_settings
from edupulse.database import db
from edupulse.doctor import clocks, machine
from edupulse.embedded.lock import only_stack

Disk = namedtuple("Disk", "free")


@pytest.fixture
def taken_port(sqlite_app: Flask, change_settings: Callable[..., None]) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        change_settings(port=port)
        yield port


@pytest.mark.parametrize(
    ("free", "state"), [(50_000_000, "problem"), (500_000_000, "warning"), (50_000_000_000, "ok")]
)
def test_little_room_on_the_disk_is_seen_in_time(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, free: int, state: str
) -> None:
    monkeypatch.setattr(machine.psutil, "disk_usage", lambda path: Disk(free))

    (finding,) = machine.disk()

    assert finding.state == state


def test_a_port_that_another_program_has_is_named(taken_port: int) -> None:
    (finding,) = machine.port()

    assert finding.state == "problem"
    assert str(taken_port) in finding.finding
    assert "EDUPULSE_PORT" in finding.cure


def test_the_port_of_our_own_stack_is_fine(taken_port: int) -> None:
    with only_stack(current_settings().data_dir):
        (finding,) = machine.port()

    assert finding.state == "ok"


@pytest.mark.parametrize(("apart", "state"), [(0.2, "ok"), (3, "warning"), (60, "problem")])
def test_a_clock_of_redis_that_differs_is_found(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, apart: float, state: str
) -> None:
    moment = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
    monkeypatch.setattr(clocks, "now", lambda: moment)
    monkeypatch.setattr(clocks, "_redis_time", lambda: moment + timedelta(seconds=apart))

    (finding,) = clocks.redis()

    assert (finding.id, finding.state) == ("clock_redis", state)


def test_the_clock_of_the_database_server_is_compared_too(app: Flask) -> None:
    found = [(finding.id, finding.state) for finding in clocks.database()]

    assert found == ([] if db.engine.dialect.name == "sqlite" else [("clock_database", "ok")])
