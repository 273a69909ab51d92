"""Killed at any step (SIGKILL, as a power cut is): no half backup has a name, and nothing that there was is lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import select, update

from edupulse import clock, schema
from edupulse.database import db
from edupulse.mail import senders
from edupulse.mail.models import Delivery, Sender
from edupulse.transaction import transaction
from edupulse.upkeep import backup, objects, open_mails, place, redis_keys, swap_postgres, swap_sqlite
from edupulse.upkeep.models import Backup
from edupulse.upkeep.restore import restore
from tests.rows import a_delivery, an_event
from tests.servers import RedisProcess
from tests.upkeep.house import House, a_house, files, rows

pytestmark = pytest.mark.real_redis

Step = tuple[ModuleType, str]
MAKING: dict[str, Step] = {
    "while it is packed": (objects, "add"),
    "while it is read again": (backup, "verify"),
    "before it has its name": (place, "rename"),
    "before its row says so": (backup, "_note_success"),
}
RESTORING: dict[str, Step] = {
    "while files are put back": (objects, "put_back"),
    "before the file takes its place": (swap_sqlite, "_move_logs"),
    "in the middle of the transaction": (swap_postgres, "_send"),
    "before the schema is brought up to date": (schema, "upgrade"),
    "before the mails are decided about": (open_mails, "decide"),
    "before Redis has its keys": (redis_keys, "clear"),
}
# Files and keys are the same with either database.
NOT_WITH = {
    "sqlite": {"in the middle of the transaction"},
    "postgresql": {
        "before the file takes its place", "while files are put back", "before Redis has its keys",
    },
}  # fmt: skip


@pytest.fixture
def sqlite_house(tmp_path: Path, redis_process: RedisProcess, real_redis: Redis) -> Iterator[House]:
    with a_house("sqlite", tmp_path, real_redis, redis_process.url) as made:
        yield made


@pytest.fixture
def postgres_house(tmp_path: Path, redis_process: RedisProcess, real_redis: Redis) -> Iterator[House]:
    with a_house("postgresql", tmp_path, real_redis, redis_process.url) as made:
        yield made


def test_a_killed_backup_leaves_nothing_by_its_name_but_what_was_verified(sqlite_house: House) -> None:
    left = {}
    for name, step in MAKING.items():
        kill_at(step, lambda: sqlite_house.back_up())
        left[name] = len(sqlite_house.backups_by_name())

    assert list(left.values()) == [0, 0, 0, 1]
    made = sqlite_house.back_up()
    with sqlite_house.app():
        states = [row.state for row in db.session.query(Backup).order_by(Backup.id)]
    assert states == ["failed", "failed", "failed", "verified", "verified"]
    assert (
        sorted(path.name for path in made.parent.iterdir() if path.suffix in (place.PART, place.WORK)) == []
    )


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_killed_restore_can_be_repeated_and_loses_neither_the_old_nor_the_new(
    request: pytest.FixtureRequest, kind: str
) -> None:
    house: House = request.getfixturevalue("sqlite_house" if kind == "sqlite" else "postgres_house")
    made = house.back_up()
    with house.app() as app:
        new = rows(app), files(house)
        an_event("Only in the present")
        old = rows(app)
    elsewhere = NOT_WITH[kind]

    for name, step in RESTORING.items():
        if name in elsewhere:
            continue
        kill_at(step, lambda: put_back(house, made))
        with house.app() as app:
            assert house.has_aside(old, rows) or rows(app) == old, name

    put_back(house, made)
    with house.app() as app:
        assert (rows(app), files(house)) == new
        assert house.has_aside(old, rows)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_restore_that_is_killed_holds_the_mail_and_its_repetition_knows_what_had_left(
    request: pytest.FixtureRequest, kind: str
) -> None:
    house: House = request.getfixturevalue("sqlite_house" if kind == "sqlite" else "postgres_house")
    with house.app():
        left = a_delivery("queued", attempts=0).key
    made = house.back_up()
    with house.app(), transaction() as session:
        session.execute(update(Delivery).values(state="sent", sent_at=clock.now()))

    kill_at((schema, "upgrade"), lambda: put_back(house, made, mails="hold"))

    with house.app():
        assert db.session.scalars(select(Sender.pause_cause)).one() == "restored"
        assert senders.ready(clock.now()) is None
    put_back(house, made)
    with house.app():
        assert db.session.execute(select(Delivery.key, Delivery.state)).all() == [(left, "sent")]


def put_back(house: House, made: Path, mails: str = "send") -> None:
    with house.app():
        restore(made, actor="test", mails=mails, force=True)


def kill_at(step: Step, act: Callable[[], Any]) -> None:
    """Let `act` run in a process of its own that is killed when it comes to `step`."""
    child = os.fork()
    if child == 0:
        module, name = step
        setattr(module, name, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
        try:
            act()
        finally:
            os._exit(1)  # it has not come there
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
