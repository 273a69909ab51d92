"""Who can reach Redis and the pages from elsewhere: what a test on this machine cannot open for real."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from edupulse.doctor import addresses, redis_access


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What Redis says of its configuration; `password` says whether it wants one."""
    said = {"protected-mode": "no", "bind": "* -::*", "password": "no"}
    monkeypatch.setattr(redis_access, "_config", lambda name: said.get(name, ""))
    monkeypatch.setattr(redis_access, "_asks_for_a_password", lambda: said["password"] == "yes")
    monkeypatch.setattr(redis_access, "_is_encrypted", lambda: False)
    return said


@pytest.mark.parametrize(
    ("protected", "bind", "state"),
    [
        ("no", "* -::*", "problem"),
        ("no", "", "problem"),
        ("no", "127.0.0.1 -::1", "warning"),
        ("yes", "* -::*", "warning"),
    ],
)
def test_a_redis_without_password_is_worse_when_the_network_can_reach_it(
    asked: dict[str, str], protected: str, bind: str, state: str
) -> None:
    asked |= {"protected-mode": protected, "bind": bind}

    (finding,) = redis_access._of_network({"host": "127.0.0.1"})

    assert (finding.id, finding.state) == ("redis_access", state)


def test_a_distant_redis_without_encryption_is_a_warning(asked: dict[str, str]) -> None:
    asked["password"] = "yes"

    (finding,) = redis_access._of_network({"host": "redis.school.example"})

    assert (finding.id, finding.state) == ("redis_transport", "warning")


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("localhost", True),
        ("", True),
        ("0.0.0.0", False),  # noqa: S104 - every address, not only the loopback one
        ("192.168.1.7", False),
        ("school.example", False),
    ],
)
def test_only_the_loopback_is_this_machine(host: str, is_here: bool) -> None:
    assert addresses.is_this_machine(host) is is_here


@pytest.mark.parametrize(
    ("base_url", "state"),
    [
        ("https://school.example", "ok"),
        ("http://school.example", "problem"),
        ("http://127.0.0.1:8080", "problem"),
    ],
)
def test_in_production_pages_must_be_reached_by_others_and_encrypted(
    sqlite_app: Flask, change_settings: Callable[..., None], base_url: str, state: str
) -> None:
    change_settings(profile="production", base_url=base_url)

    (finding,) = addresses.base_url()

    assert (finding.id, finding.state) == ("base_url", state)
