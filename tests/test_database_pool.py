"""Every slot of a worker, its own thread and its heartbeat find a connection at once."""

from __future__ import annotations

import contextlib

import pytest

from edupulse import create_app
from edupulse.database import db
from tests.conftest import MakeSettings


@pytest.mark.parametrize("threads", [1, 4, 40])
def test_as_many_connections_are_open_at_once_as_threads_need(
    make_settings: MakeSettings, threads: int
) -> None:
    app = create_app(make_settings(WORKER_THREADS=str(threads)))
    with app.app_context(), contextlib.ExitStack() as open_at_once:
        for _ in range(threads + 2):
            open_at_once.enter_context(db.engine.connect())

        assert db.engine.pool.size() >= threads + 2  # type: ignore[attr-defined]
        assert db.engine.pool.overflow() <= 0  # type: ignore[attr-defined]
    with app.app_context():
        db.engine.dispose()
