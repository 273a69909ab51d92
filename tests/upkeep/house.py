"""An installation of its own for a test of backups: a migrated database, a storage, a Redis, a folder for backups."""

from __future__ import annotations

import atexit
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask
from redis import Redis
from sqlalchemy import inspect, text

from edupulse import create_app, schema
from edupulse.config import load_settings
from edupulse.database import db
from edupulse.storage import storage
from edupulse.upkeep import backup, place
from jobs.catalog import CATALOG
from tests.servers import own_postgres_database

_numbers = count(1)
MAIL = b"From: zoe@school.example\r\n\r\nHello"
# What a restore itself writes: that it was done, and that the backup is verified.
OF_THE_RESTORE = {"audit_entry", "backup"}


class House:
    """Where it is, and what is in it."""

    def __init__(self, folder: Path, redis: Redis, **environment: str) -> None:
        self.folder, self.redis = folder, redis
        self._apps: dict[tuple[tuple[str, str], ...], Flask] = {}
        self.environment = {
            "EDUPULSE_DATA_DIR": str(folder),
            "SECRET_KEY": "a key of the tests, long enough for all",
            **environment,
        }

    @contextmanager
    def app(self, **changed: str) -> Iterator[Flask]:
        """Give the block the application, with other settings where some are named."""
        app = self._made(tuple(sorted(changed.items())))
        app.extensions["edupulse"].redis = self.redis
        with app.app_context():
            try:
                yield app
            finally:
                db.session.remove()
                db.engine.dispose()

    def _made(self, changed: tuple[tuple[str, str], ...]) -> Flask:
        if changed not in self._apps:
            settings = load_settings({**self.environment, **dict(changed)})
            self._apps[changed] = create_app(settings, catalog=CATALOG, serving=False)
        return self._apps[changed]

    @property
    def database(self) -> Path:
        return self.folder / "edupulse.db"

    @property
    def backups(self) -> list[Path]:
        return sorted((self.folder / "backups").glob("edupulse-*"))

    def backups_by_name(self) -> list[Path]:
        """Return the finished ones."""
        return place.files(self.folder / "backups")

    def has_aside(self, wanted: Any, look: Callable[[Flask], Any]) -> bool:
        """Say whether a database that was put aside holds these rows."""
        if url := self.environment.get("DATABASE_URL"):
            with self.app(), db.engine.connect() as connection:
                names = [name for name in inspect(connection).get_schema_names() if "_before_" in name]
            places = [f"{url}?options=-csearch_path%3D{name}" for name in names]
        else:
            places = [f"sqlite:///{path}" for path in self.folder.glob("edupulse.db.before-*")]
        found = []
        for where in places:
            with self.app(DATABASE_URL=where) as app:
                found.append(look(app))
        return wanted in found

    def back_up(self, **changed: str) -> Path:
        with self.app(**changed):
            return self.make_backup()

    def make_backup(self) -> Path:
        return self.folder / "backups" / backup.make(actor="test").name

    @contextmanager
    def another_program(self) -> Iterator[None]:
        """Let somebody else use the database while the block runs."""
        if url := self.environment.get("DATABASE_URL"):
            with psycopg.connect(url, application_name="somebody else"):
                yield
            return
        with closing(sqlite3.connect(self.database)) as connection:
            connection.execute("BEGIN")
            connection.execute("SELECT * FROM backup").fetchall()
            yield

    def lose_everything(self) -> None:
        """Lose rows, files and Redis; only the backups and the settings are left."""
        self.redis.flushall()
        shutil.rmtree(self.folder / "storage", ignore_errors=True)
        if self.environment.get("DATABASE_URL"):
            with self.app(), db.engine.begin() as connection:
                connection.execute(text("DROP SCHEMA public CASCADE"))
                connection.execute(text("CREATE SCHEMA public"))
            return
        for path in self.folder.glob("edupulse.db*"):
            path.unlink()


@contextmanager
def a_house(kind: str, folder: Path, redis: Redis, redis_url: str) -> Iterator[House]:
    """Give the block a furnished house on a database of this kind."""
    environment = {"REDIS_URL": redis_url}
    if kind == "postgresql":
        environment["DATABASE_URL"] = own_postgres_database(f"house{next(_numbers)}")
    with furnished(folder, redis, **environment) as made:
        yield made


@contextmanager
def furnished(folder: Path, redis: Redis, **environment: str) -> Iterator[House]:
    """Give the block a house with a school in it."""
    house = House(folder, redis, **environment)
    folder.mkdir(exist_ok=True)
    if "DATABASE_URL" not in environment:
        shutil.copy(_migrated(), house.database)
    with house.app():
        if "DATABASE_URL" in environment:
            schema.upgrade()
        storage().put(MAIL)
        storage().put(b"x" * 3_000_000)
    yield house


@cache
def _migrated() -> Path:
    """Return an empty database at the newest step, made once for all tests."""
    house = House(Path(tempfile.mkdtemp(prefix="edu-house-")), Redis())
    atexit.register(shutil.rmtree, house.folder, ignore_errors=True)
    with house.app():
        schema.upgrade()
    return house.database


def rows(app: Flask) -> dict[str, list[str]]:
    """Return the rows of every table."""
    with db.engine.connect() as connection:
        names = [name for name in inspect(connection).get_table_names() if name not in OF_THE_RESTORE]
        return {
            name: sorted(map(repr, connection.execute(text(f'SELECT * FROM "{name}"'))))  # noqa: S608
            for name in names
        }


def files(house: House) -> dict[str, bytes]:
    """Return the files of the storage by their keys."""
    folder = house.folder / "storage"
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.parent.name != "new"
    }


def keys(redis: Redis) -> dict[bytes, Any]:
    """Return what stands in Redis, as its readers see it: how it lies in memory may change on the way."""
    read = {
        b"string": redis.get,
        b"hash": redis.hgetall,
        b"list": lambda key: redis.lrange(key, 0, -1),
        b"set": redis.smembers,
        b"zset": lambda key: redis.zrange(key, 0, -1, withscores=True),
    }
    return {key: read[redis.type(key)](key) for key in redis.scan_iter()}


def ask(database: Path, question: str) -> Any:
    """Return the one value that a question to an SQLite file has as its answer."""
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(question).fetchone()[0]
