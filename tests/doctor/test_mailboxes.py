"""Can mail come in?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.doctor import mailboxes
from edupulse.sealing import key_id, new_key
from edupulse.secret import Secret
from tests.doctor.conftest import states
from tests.mailboxes.boxes import a_mailbox

Change = Callable[..., None]


def test_without_a_mailbox_all_is_fine(sqlite_app: Flask) -> None:
    found = states([*mailboxes.keys(), *mailboxes.place(), *mailboxes.polls()])

    assert found == {"mailbox_keys": "ok", "storage": "ok", "mailboxes": "ok"}


def test_a_key_that_is_missing_is_named_with_the_mailboxes_that_need_it(
    sqlite_app: Flask, change_settings: Change
) -> None:
    a_mailbox(name="Office")
    gone = key_id(current_settings().encryption_keys[0])
    change_settings(encryption_keys=(Secret(new_key()),))

    (finding,) = mailboxes.keys()

    assert finding.state == "problem"
    assert f"key {gone}: “Office”" in finding.finding
    assert "ENCRYPTION_KEYS" in finding.cure


def test_what_an_older_key_sealed_is_to_be_sealed_anew(sqlite_app: Flask, change_settings: Change) -> None:
    a_mailbox(name="Office")
    change_settings(encryption_keys=(Secret(new_key()), *current_settings().encryption_keys))

    (finding,) = mailboxes.keys()

    assert (finding.state, "“Office”" in finding.finding) == ("warning", True)
    assert "rotate-keys" in finding.cure


def test_a_key_that_waits_behind_the_first_is_no_matter(sqlite_app: Flask, change_settings: Change) -> None:
    a_mailbox()
    change_settings(encryption_keys=(*current_settings().encryption_keys, Secret(new_key())))

    assert states(mailboxes.keys()) == {"mailbox_keys": "ok"}


def test_the_secrets_of_a_removed_mailbox_are_nobodys_concern(sqlite_app: Flask) -> None:
    a_mailbox(password_sealed="00000000:lost", removed_at=now(), enabled=False)

    assert states(mailboxes.keys()) == {"mailbox_keys": "ok"}


def test_the_folder_of_the_storage_is_tried_and_left_as_it_was(
    sqlite_app: Flask, change_settings: Change, tmp_path: Path
) -> None:
    change_settings(storage_url=f"file://{tmp_path}/not/made/yet")

    assert states(mailboxes.place()) == {"storage": "ok"}
    assert list(tmp_path.iterdir()) == []


def test_a_storage_that_takes_nothing_is_named(
    sqlite_app: Flask, change_settings: Change, tmp_path: Path
) -> None:
    (tmp_path / "storage").write_text("a file where the folder belongs")
    change_settings(storage_url=f"file://{tmp_path}/storage")

    (finding,) = mailboxes.place()

    assert (finding.id, finding.state) == ("storage", "problem")
    assert f"{tmp_path}/storage" in finding.finding
    assert finding.cure


def test_another_store_is_written_and_read(sqlite_app: Flask, change_settings: Change) -> None:
    change_settings(storage_url="memory://doctor")

    (finding,) = mailboxes.place()

    assert (finding.state, "forgotten" in finding.finding) == ("warning", True)


def test_a_store_that_answers_with_other_bytes_is_a_problem(
    sqlite_app: Flask, change_settings: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_settings(storage_url="memory://doctor")
    monkeypatch.setattr(type(mailboxes.storage()), "read", lambda self, key: b"something else")

    (finding,) = mailboxes.place()

    assert (finding.state, "came back changed" in finding.finding) == ("problem", True)


def test_a_mailbox_that_stopped_or_is_late_is_named_with_the_cure(sqlite_app: Flask) -> None:
    long_ago = now() - timedelta(hours=1)
    stopped = a_mailbox(
        failures=3, stopped_at=now(), error="The login was refused.", cure="Use an app password."
    )
    late = a_mailbox(polled_at=long_ago, succeeded_at=long_ago)
    a_mailbox(polled_at=now(), succeeded_at=now())
    a_mailbox(enabled=False, polled_at=long_ago)

    found = {each.id: each for each in mailboxes.polls()}

    assert states(found.values()) == {f"mailbox_{stopped.id}": "problem", f"mailbox_{late.id}": "warning"}
    assert f"mailboxes enable {stopped.id}" in found[f"mailbox_{stopped.id}"].cure
