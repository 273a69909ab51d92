"""Two addresses for machines."""

from __future__ import annotations

import fakeredis
import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from edupulse.control import monitor
from tests.web.conftest import Browser


def test_a_living_process_says_so_without_asking_anybody(visitor: Browser) -> None:
    answer = visitor.get("/healthz")

    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    assert answer.headers["Cache-Control"] == "no-store"


def test_ready_means_database_and_redis(visitor: Browser) -> None:
    assert visitor.get("/readyz").json == {"status": "ok", "database": "up", "redis": "up"}


def test_with_redis_away_the_site_still_serves(site: Flask, visitor: Browser) -> None:
    site.extensions["edupulse"].redis = fakeredis.FakeRedis(server=_down())

    answer = visitor.get("/readyz")

    assert (answer.status_code, answer.json) == (
        200,
        {"status": "degraded", "database": "up", "redis": "down"},
    )


def test_without_the_database_it_is_not_ready(visitor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("select 1", {}, Exception("gone"))

    with monkeypatch.context() as outage:
        outage.setattr(monitor.db.session, "execute", away)
        answer = visitor.get("/readyz")

    assert answer.status_code == 503
    assert answer.json == {"status": "degraded", "database": "down", "redis": "up"}


def _down() -> fakeredis.FakeServer:
    server = fakeredis.FakeServer()
    server.connected = False
    return server
