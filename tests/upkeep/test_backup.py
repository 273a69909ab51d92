"""A backup is made while others write: whole, of one moment, for our eyes only, named only when it was verified."""

from __future__ import annotations

import fcntl
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import fakeredis
import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import select, text

from edupulse import clock
from edupulse.accounts.users import create_user
from edupulse.database import db
from edupulse.errors import Conflict, EduPulseError, Unavailable
from edupulse.notifications.models import Notification
from edupulse.secret import Secret
from edupulse.storage import storage
from edupulse.transaction import transaction
from edupulse.upkeep import (
    archive,
    backup,
    content,
    listing,
    objects,
    place,
    postgres_tools,
    rotation,
    verify,
)
from edupulse.upkeep.encryption import new_key
from edupulse.upkeep.models import Backup
from tests.rows import a_run
from tests.servers import RedisProcess
from tests.upkeep.house import House, a_house, furnished
from tests.web.conftest import PASSWORD

KEY = new_key()


@pytest.fixture(params=["sqlite", "postgresql"])
def house(
    request: pytest.FixtureRequest, tmp_path: Path, redis_process: RedisProcess, real_redis: Redis
) -> Iterator[House]:
    with a_house(request.param, tmp_path, real_redis, redis_process.url) as made:
        yield made


@pytest.fixture
def small(tmp_path: Path) -> Iterator[House]:
    """One on SQLite, with a Redis that only seems to be one."""
    with furnished(tmp_path, fakeredis.FakeRedis()) as made:
        yield made


def test_a_copy_is_of_one_moment_while_others_write(house: House) -> None:
    with house.app() as app:
        for number in range(300):
            a_run(f"before-{number}", arguments={"long": "x" * 2000})
        with writers(app) as written:
            made = house.make_backup()
        assert len(written) > 3
        manifest = verify.verify(made, house.folder)

    # A pair is written in one transaction: a copy of two moments would have half of one.
    assert manifest["rows"]["job_run"] - 300 <= 2 * len(written)
    assert (manifest["rows"]["job_run"] - 300) % 2 == 0


def test_what_was_made_is_on_record_with_what_is_in_it(small: House) -> None:
    with small.app():
        made = backup.make(actor="ada@school.example")
        path = listing.file_of(made)

        found = listing.existing(made.id)

    assert (found.state, found.bytes, found.encrypted) == ("verified", path.stat().st_size, False)
    assert (found.contents["rows"]["backup"], found.contents["storage"]["files"]) == (1, 2)
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert sorted(each.name for each in path.parent.iterdir()) == ["backup.lock", path.name]


def test_with_a_key_nothing_of_it_can_be_read(small: House) -> None:
    with small.app(BACKUP_KEY=KEY):
        made = small.make_backup()
        assert verify.verify(made, small.folder)["rows"]["backup"] == 1

    assert made.name.endswith(".tar.gz.enc")
    assert b"zoe@school.example" not in made.read_bytes()


def test_the_files_of_an_object_store_are_listed_and_copied_only_when_asked_for(small: House) -> None:
    with small.app(STORAGE_URL="memory://school"):
        storage().put(b"in the store")
        listed, copied = (backup.make(actor="test", with_storage=wanted) for wanted in (None, True))

        facts = [listing.existing(each.id).contents["storage"] for each in (listed, copied)]

    assert facts == [
        {"included": False, "files": 1, "bytes": 12},
        {"included": True, "files": 1, "bytes": 12},
    ]


def test_a_file_that_is_deleted_meanwhile_is_named_and_no_failure(
    small: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_list = objects.write_list

    def delete_one(target: object) -> objects.Listed:
        listed = write_list(target)  # type: ignore[arg-type]
        storage().delete(next(storage().kept("inbound")).key)
        return listed

    monkeypatch.setattr(objects, "write_list", delete_one)

    with small.app():
        made = small.make_backup()

    *_, end = (b"".join(member.pieces()) for member in archive.members(made, Secret("")))
    assert len(json.loads(end)["gone"]) == 1


def test_two_at_once_are_refused_and_two_in_one_second_have_names_of_their_own(small: House) -> None:
    with small.app(), clock.frozen(clock.now()):
        first, second = small.make_backup(), small.make_backup()
        with (first.parent / place.LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with pytest.raises(Conflict, match="Another process works on the backups"):
                small.make_backup()

    assert second.name == first.name.replace("Z.", "Z-2.")


@pytest.mark.parametrize("what", ["the folder", "the room", "the check"])
def test_what_keeps_a_backup_from_being_made_is_said_and_told(
    small: House, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise {
            "the folder": OSError(28, "No space left on device"),
            "the check": Unavailable("It cannot be read."),
        }[what]

    with small.app():
        create_user("ada@school.example", "Ada", "admin", PASSWORD)
        if what == "the room":
            monkeypatch.setattr(content, "room_needed", lambda with_storage: 10**18)
        else:
            monkeypatch.setattr(
                *{"the folder": (content, "pack"), "the check": (backup, "verify")}[what], fail
            )

        with pytest.raises(EduPulseError) as refusal:
            backup.make(actor="test")

        (row,) = db.session.scalars(select(Backup))
        (told,) = db.session.scalars(select(Notification))
        assert (row.state, row.error) == ("failed", str(refusal.value))
        assert what == "the check" or "Make room there" in refusal.value.cure
        assert (told.kind, told.facts, told.link) == (
            "backup_failed",
            {"error": row.error},
            f"/backups/{row.id}",
        )
    assert small.backups == []


def test_a_folder_that_cannot_be_used_is_named(small: House) -> None:
    (small.folder / "file").write_text("")

    with small.app(BACKUP_DIR=str(small.folder / "file")):
        create_user("ada@school.example", "Ada", "admin", PASSWORD)
        with pytest.raises(Unavailable, match="cannot be kept in") as refusal:
            backup.make(actor="test")

        assert db.session.scalars(select(Notification.kind)).all() == ["backup_failed"]
    assert "BACKUP_DIR" in refusal.value.cure


def test_one_that_is_stopped_when_it_has_its_name_is_no_failure(
    small: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with small.app():
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(backup, "_note_success", stop)
            backup.make(actor="test")
        small.make_backup()

        assert list(db.session.scalars(select(Backup.state))) == ["verified", "verified"]


def test_a_file_that_was_put_here_is_read_first_and_stays_as_long_as_a_new_one(small: House) -> None:
    with small.app(BACKUP_KEEP_DAYS="14"):
        with clock.frozen(clock.now() - timedelta(days=400)):
            old = small.make_backup()
        damaged = old.with_name("edupulse-20200101T000000Z.tar.gz")
        damaged.write_bytes(old.read_bytes()[:-1])
        with transaction() as session:
            session.execute(text("DELETE FROM backup"))

        small.make_backup()

        assert list(db.session.scalars(select(Backup.state))) == ["verified", "verified"]
        assert (old.is_file(), damaged.is_file()) == (True, True)
        with clock.frozen(clock.now() + timedelta(days=15)):
            assert rotation.prune(clock.now(), actor="test") == [old.name]


def test_the_password_of_the_database_is_on_no_command_line() -> None:
    from sqlalchemy import make_url

    told = postgres_tools.environment(
        make_url("postgresql+psycopg://edu:s3cret@db.example:5433/school?sslmode=require")
    )

    assert (told["PGPASSWORD"], told["PGHOST"], told["PGPORT"], told["PGSSLMODE"]) == (
        "s3cret", "db.example", "5433", "require",
    )  # fmt: skip


def test_a_program_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(Unavailable, match="pg_dump is not installed") as refusal:
        postgres_tools.run(["pg_dump"])

    assert "apt install" in refusal.value.cure


def test_old_backups_go_and_the_newest_that_was_verified_stays(small: House) -> None:
    begin = clock.now()
    with small.app(BACKUP_KEEP_DAYS="14"):
        with clock.frozen(begin):
            small.make_backup()
        with clock.frozen(begin + timedelta(days=1)):
            newest = small.make_backup()
        with clock.frozen(begin + timedelta(days=40)):
            gone = rotation.prune(clock.now(), actor="ada@school.example")

            states = list(db.session.scalars(select(Backup.state).order_by(Backup.id)))

    assert (len(gone), states) == (1, ["deleted", "verified"])
    assert small.backups == [newest]


def test_files_without_a_row_get_one_and_rows_without_a_file_say_so(small: House) -> None:
    with small.app():
        first, second = small.make_backup(), small.make_backup()
        first.unlink()
        with transaction() as session:
            session.execute(text("DELETE FROM backup WHERE name = :name"), {"name": second.name})

        rotation.prune(clock.now(), actor="test")

        states = {row.name: row.state for row in db.session.scalars(select(Backup))}
    assert states == {first.name: "missing", second.name: "verified"}


def test_a_file_on_another_machine_is_not_looked_for_here(
    small: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small.app():
        made = backup.make(actor="test")
        monkeypatch.setattr(place, "host", lambda: "another")

        with pytest.raises(Conflict, match="is on the machine"):
            listing.file_of(made)


class writers:  # noqa: N801 - used as a function
    """Lets a thread write pairs of rows while the block runs; gives the list of what it wrote."""

    def __init__(self, app: Flask) -> None:
        self._app, self._stop, self.written = app, threading.Event(), list[int]()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> list[int]:
        self._thread.start()
        return self.written

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _write(self) -> None:
        with self._app.app_context():
            while not self._stop.wait(0.002):
                with transaction():
                    a_run(f"left-{len(self.written)}")
                    a_run(f"right-{len(self.written)}")
                self.written.append(1)
            db.session.remove()
