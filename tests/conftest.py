"""What tests share: an application on an empty database, a Redis, a clock that stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fakeredis
import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import text

from edupulse import clock, create_app
from edupulse.config import Settings, load_settings
from edupulse.database import db as database
from edupulse.errors import Unavailable
from edupulse.mail import presses
from jobs.catalog import CATALOG
from tests.api import conformance
from tests.servers import RedisProcess, missing, own_postgres_database

MakeSettings = Callable[..., Settings]


@pytest.fixture(scope="session")
def make_settings(tmp_path_factory: pytest.TempPathFactory) -> MakeSettings:
    """Return a maker of settings: a folder of its own, overridden by environment names."""

    def make(**environment: str) -> Settings:
        folder = tmp_path_factory.mktemp("data")
        base = {
            "EDUPULSE_DATA_DIR": str(folder),
            "SECRET_KEY": "test-secret-key-not-for-production",
            "API_RATE_LIMIT": "0",  # tests that walk over all addresses call more often
        }
        return load_settings({**base, **environment})

    return make


@pytest.fixture(scope="session")
def kept_apps(make_settings: MakeSettings) -> Iterator[Callable[[str], Flask]]:
    """Return one application per database for the whole run; tests clean its tables."""
    made: dict[str, Flask] = {}

    def get(kind: str) -> Flask:
        if kind not in made:
            made[kind] = _make_app(kind, make_settings)
        return made[kind]

    yield get
    for app in made.values():
        with app.app_context():
            database.engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def app(request: pytest.FixtureRequest, kept_apps: Callable[[str], Flask]) -> Iterator[Flask]:
    """An application on an empty database, inside its context, with a fake Redis."""
    app = kept_apps(request.param)
    runtime = app.extensions["edupulse"]
    original = runtime.settings
    runtime.redis = fakeredis.FakeRedis()
    with app.app_context():
        yield app
        database.session.remove()
    runtime.settings = original
    _clean(app)


@pytest.fixture
def sqlite_app(kept_apps: Callable[[str], Flask]) -> Iterator[Flask]:
    """The same on SQLite alone, where the database is incidental."""
    app = kept_apps("sqlite")
    runtime = app.extensions["edupulse"]
    original = runtime.settings
    runtime.redis = fakeredis.FakeRedis()
    with app.app_context():
        yield app
        database.session.remove()
    runtime.settings = original
    _clean(app)


@pytest.fixture
def change_settings(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Return a function that replaces settings of the test's application, e.g. `smtp_server="127.0.0.1"`."""
    name = "app" if "app" in request.fixturenames else "sqlite_app"
    app: Flask = request.getfixturevalue(name)

    def change(**values: Any) -> None:
        runtime = app.extensions["edupulse"]
        runtime.settings = replace(runtime.settings, **values)

    return change


@pytest.fixture
def redis(request: pytest.FixtureRequest) -> Redis:
    """The fake Redis of the test's application."""
    name = "app" if "app" in request.fixturenames else "sqlite_app"
    connection: Redis = request.getfixturevalue(name).extensions["edupulse"].redis
    return connection


@pytest.fixture(scope="session")
def redis_process() -> Iterator[RedisProcess]:
    """A real redis-server for the whole run."""
    try:
        process = RedisProcess().start()
    except Unavailable:
        missing("redis-server")
        raise
    yield process
    process.remove()


@pytest.fixture
def real_redis(redis_process: RedisProcess, request: pytest.FixtureRequest) -> Iterator[Redis]:
    """A real, empty Redis; the test's application uses it too."""
    connection = Redis.from_url(redis_process.url)
    connection.flushall()
    for name in ("app", "sqlite_app"):
        if name in request.fixturenames:
            runtime = request.getfixturevalue(name).extensions["edupulse"]
            runtime.settings = replace(runtime.settings, redis_url=redis_process.url)
            runtime.redis = connection
    yield connection
    connection.close()


@pytest.fixture
def now() -> Iterator[datetime]:
    """A stopped clock: Thursday 2026-03-12 09:00 UTC."""
    at = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
    with clock.frozen(at):
        yield at


def _make_app(kind: str, make_settings: MakeSettings) -> Flask:
    if kind == "sqlite":
        app = create_app(make_settings(), catalog=CATALOG)
    else:
        app = create_app(make_settings(DATABASE_URL=own_postgres_database()), catalog=CATALOG)
    app.config["TESTING"] = True
    conformance.watch(app)
    with app.app_context():
        database.drop_all()
        database.create_all()
    return app


def _clean(app: Flask) -> None:
    presses.forget()
    with app.app_context():
        for name in _tables_with_rows():
            database.session.execute(text(f'DELETE FROM "{name}"'))  # noqa: S608 - our own table names
        if database.engine.dialect.name == "postgresql":
            database.session.execute(text(NUMBER_FROM_ONE_AGAIN))
        database.session.commit()
        database.session.remove()


# Emptying the few tables that a test has filled is forty times quicker than truncating all.
NUMBER_FROM_ONE_AGAIN = (
    "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false) FROM pg_sequences "
    "WHERE last_value IS NOT NULL AND schemaname = current_schema()"
)


def _tables_with_rows() -> list[str]:
    """Return them in the order in which they may be emptied."""
    names = [table.name for table in reversed(database.metadata.sorted_tables)]
    looks = [f'SELECT {at} WHERE EXISTS (SELECT 1 FROM "{name}")' for at, name in enumerate(names)]  # noqa: S608
    database.session.rollback()
    return [names[at] for at in sorted(database.session.scalars(text(" UNION ALL ".join(looks))))]


@pytest.fixture(scope="session")
def project_folder() -> Path:
    return Path(__file__).parent.parent
