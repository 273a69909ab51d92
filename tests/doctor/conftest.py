"""What the doctor's tests share: the states of findings, and a place in which all is well."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from edupulse import api, cli, web
from edupulse.config import VARIABLES
from edupulse.doctor.finding import Finding
from edupulse.embedded.ports import free_port
from tests.doctor.place import NAMES, Place, copy_of, furnish
from tests.doubles.smtp_double import SmtpDouble
from tests.servers import RedisProcess


def states(findings: Iterable[Finding]) -> dict[str, str]:
    """Return the state by id."""
    return {finding.id: finding.state for finding in findings}


@pytest.fixture(scope="module")
def smtp() -> Iterator[SmtpDouble]:
    """A mail server that takes everything."""
    with SmtpDouble() as double:
        yield double


@pytest.fixture(scope="module")
def furnished(
    redis_process: RedisProcess, smtp: SmtpDouble, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """The place that each test gets a copy of."""
    folder = tmp_path_factory.mktemp("furnished")
    redis = Redis.from_url(redis_process.url)
    place = Place(
        folder,
        redis,
        EDUPULSE_DATA_DIR=str(folder / "data"),
        EDUPULSE_PORT=str(free_port("127.0.0.1")),
        EDUPULSE_WORKERS="1",
        REDIS_URL=redis_process.url,
        SMTP_SERVER=smtp.host,
        SMTP_PORT=str(smtp.port),
        SMTP_SECURITY="none",
        DEFAULT_FROM_EMAIL="office@school.example",
    )
    with pytest.MonkeyPatch.context() as patch:
        _go_there(patch, place)
        furnish(place)
    yield place
    redis.close()


@pytest.fixture
def place(furnished: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """An installation in which everything is as it should be."""
    place = copy_of(furnished, tmp_path / "school")
    _go_there(monkeypatch, place)
    place.begin(*NAMES)
    return place


def _go_there(patch: pytest.MonkeyPatch, place: Place) -> None:
    for variable in VARIABLES:
        patch.delenv(variable.name, raising=False)
    patch.setenv("PATH", f"{place.path}{os.pathsep}{os.environ['PATH']}")
    patch.chdir(place.folder)
    # Each command makes the application anew, as it does in life; its pages would take nine tenths of that time.
    for door in (web, api, cli):
        patch.setattr(door, "register", lambda app: None)
