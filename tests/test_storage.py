"""Received bytes are kept once, by their hash, and read back as they were."""

from __future__ import annotations

import io
import os
from hashlib import sha256
from pathlib import Path

import pytest
from flask import Flask

from edupulse.errors import NotFound, Unavailable
from edupulse.storage import EXPORTS, INBOUND, FolderStorage, ObjectStorage, Storage, storage


@pytest.fixture(params=["folder", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "folder":
        return FolderStorage(tmp_path / "kept")
    from fsspec.implementations.memory import MemoryFileSystem

    return ObjectStorage(MemoryFileSystem(), f"/{tmp_path.name}")


def test_what_is_put_is_read_back_by_its_hash(place: Storage) -> None:
    data = b"Subject: \xff\x00 any bytes\r\n"

    stored = place.put(data)

    assert (stored.sha256, stored.size) == (sha256(data).hexdigest(), len(data))
    assert place.read(stored.key) == data
    assert place.exists(stored.key)


def test_the_same_bytes_have_one_key_however_they_came(place: Storage) -> None:
    several = place.put_many([b"one", b"two", b"one"])

    streamed = place.put_file(io.BytesIO(b"two"))

    assert several[0] == several[2]
    assert streamed == several[1]


def test_a_large_one_is_streamed_and_can_be_read_from_anywhere(place: Storage) -> None:
    stored = place.put_file(io.BytesIO(b"a" * 3_000_000 + b"end"))

    with place.open(stored.key) as file:
        file.seek(3_000_000)
        assert file.read() == b"end"


def test_what_is_not_there_is_said_to_be_gone(place: Storage) -> None:
    with pytest.raises(NotFound, match="not in the storage"):
        place.read("inbound/ab/abc")


def test_a_folder_that_cannot_be_written_is_named_with_a_cure(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file is in the way")

    with pytest.raises(Unavailable, match="mails and exports cannot be kept") as refused:
        FolderStorage(tmp_path / "kept").put(b"data")

    assert "nothing is taken from the mailboxes and no export is written" in refused.value.cure


@pytest.mark.parametrize("act", ["put", "read", "exists"])
def test_a_store_that_is_away_is_no_fault_of_a_message_whatever_its_errors_are(act: str) -> None:
    class NoOrdinaryError(Exception):
        pass

    class Away:
        def __getattr__(self, name: str) -> object:
            raise NoOrdinaryError("Could not connect to https://key:secret@s3.example")

    place = ObjectStorage(Away(), "bucket/mails")

    with pytest.raises(Unavailable, match="bucket/mails: NoOrdinaryError") as refused:
        getattr(place, act)(b"data" if act == "put" else "inbound/a/abc")

    assert "secret" not in str(refused.value)


def test_a_beginning_that_a_crash_left_is_never_taken_for_a_message(tmp_path: Path) -> None:
    place = FolderStorage(tmp_path)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "half").write_bytes(b"da")

    stored = place.put(b"data")

    assert place.read(stored.key) == b"data"
    assert os.listdir(tmp_path / "new") == ["half"]


def test_the_application_keeps_them_in_its_data_folder_unless_told_otherwise(app: Flask) -> None:
    stored = storage().put(b"data")

    folder = app.extensions["edupulse"].settings.data_dir / "storage"
    assert (folder / stored.key).read_bytes() == b"data"


def test_a_shelf_shows_what_stands_on_it_and_nothing_of_another(place: Storage) -> None:
    mail, file = place.put(b"a mail"), place.put(b"an export", EXPORTS)

    assert [(each.key, each.size) for each in place.kept(EXPORTS)] == [(file.key, 9)]
    assert [each.key for each in place.kept(INBOUND)] == [mail.key]


def test_what_is_deleted_is_gone_once(place: Storage) -> None:
    key = place.put_file(io.BytesIO(b"an export"), EXPORTS).key

    assert [place.delete(key), place.delete(key)] == [True, False]
    assert not place.exists(key)
    assert list(place.kept(EXPORTS)) == []


def test_a_shelf_on_which_nothing_was_put_is_empty(place: Storage) -> None:
    assert list(place.kept(EXPORTS)) == []
