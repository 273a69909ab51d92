"""What no row names goes from the storage, and what a row comes to name meanwhile is put back."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.errors import Unavailable
from edupulse.mailboxes.models import Mailbox
from edupulse.storage import EXPORTS, FolderStorage, Stored, storage
from edupulse.transaction import transaction
from edupulse.upkeep import orphans
from edupulse.upkeep.amount import Amount
from tests.mailboxes.boxes import a_mailbox
from tests.upkeep.old_things import a_message, an_export


@pytest.fixture(autouse=True)
def own_storage(
    sqlite_app: Flask, change_settings: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_settings(storage_url=f"file://{tmp_path / 'storage'}")
    monkeypatch.setattr(orphans, "QUIET", 0.0)


def put(data: bytes, shelf: str = "inbound", *, days: int = 3) -> Stored:
    """Keep `data` as if it had been put there so many days ago."""
    stored = storage().put(data, shelf)
    age(stored.key, days)
    return stored


def age(key: str, days: int = 3) -> None:
    at = (now() - timedelta(days=days)).timestamp()
    folder = current_settings().storage_url.removeprefix("file://")
    os.utime(f"{folder}/{key}", (at, at))


def removed() -> Amount:
    return sum(orphans.remove(now()), Amount(0, 0))


def test_bytes_without_a_row_go_after_two_days() -> None:
    old, young = put(b"old"), put(b"young", days=1)

    assert orphans.count(now()) == Amount(1, 3)
    assert removed() == Amount(1, 3)

    assert (storage().exists(old.key), storage().exists(young.key)) == (False, True)


def test_bytes_of_a_message_and_of_an_export_stay() -> None:
    message = a_message()
    age(message.storage_key)
    whole, gone = put(b"id", EXPORTS), put(b"part", EXPORTS)
    an_export("done", storage_key=whole.key)

    assert removed().rows == 1

    assert storage().exists(message.storage_key)
    assert storage().exists(whole.key)
    assert not storage().exists(gone.key)


def test_nothing_goes_while_somebody_writes_to_the_shelf() -> None:
    mail, file = put(b"mail"), put(b"file", EXPORTS)
    a_mailbox(locked_by="worker:host-1", locked_until=now() + timedelta(minutes=1))
    an_export("running")

    assert removed().rows == 0

    assert storage().exists(mail.key)
    assert storage().exists(file.key)


def test_the_parts_of_an_export_that_is_written_are_named() -> None:
    part = put(b"part", EXPORTS)
    an_export("running", parts=[{"key": part.key, "rows": 1, "bytes": 4}])

    assert orphans.count(now()).rows == 0


def test_what_a_poll_comes_to_name_meanwhile_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The poll has found the bytes there already, and writes its row while they go."""
    stored, forget = put(b"Dear all"), FolderStorage.delete

    def meanwhile(self: FolderStorage, key: str) -> bool:
        a_message()
        return forget(self, key)

    # `a_message` keeps nothing anew: the bytes are still there when it looks.
    monkeypatch.setattr(FolderStorage, "delete", meanwhile)

    assert removed().rows == 0

    assert storage().read(stored.key) == b"Dear all"


def test_what_a_poll_may_be_about_to_name_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    stored, forget = put(b"Dear all"), FolderStorage.delete
    mailbox = a_mailbox()

    def meanwhile(self: FolderStorage, key: str) -> bool:
        with transaction() as session:
            session.get_one(Mailbox, mailbox.id).locked_until = now()
        return forget(self, key)

    monkeypatch.setattr(FolderStorage, "delete", meanwhile)

    assert removed().rows == 0

    assert storage().read(stored.key) == b"Dear all"


def test_all_are_put_back_when_the_storage_fails_midway(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = put(b"first"), put(b"second")
    forget, said = FolderStorage.delete, []

    def once(self: FolderStorage, key: str) -> bool:
        said.append(key)
        if len(said) > 1:
            raise Unavailable("The disk has gone.")
        return forget(self, key)

    monkeypatch.setattr(FolderStorage, "delete", once)

    with pytest.raises(Unavailable):
        removed()

    assert storage().exists(first.key)
    assert storage().exists(second.key)
