"""Caches and leftovers go; what somebody may still need stays."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from edupulse.accounts.audit import entries_of
from edupulse.accounts.models import ApiToken, IdempotentCall
from edupulse.accounts.users import create_user
from edupulse.clock import now
from edupulse.database import db
from edupulse.transaction import transaction
from edupulse.upkeep import caches


@pytest.fixture
def folder(sqlite_app: Flask, change_settings: Callable[..., None], tmp_path: Path) -> Path:
    change_settings(data_dir=tmp_path, storage_url=f"file://{tmp_path / 'storage'}")
    return tmp_path


def test_nothing_to_clear_is_no_failure(folder: Path) -> None:
    assert set(caches.clear(now()).values()) == {0}
    assert entries_of("caches") == []


def test_old_leftovers_go_and_young_files_stay(folder: Path) -> None:
    for place in ("uploads", "storage/new"):
        (folder / place).mkdir(parents=True)
        for name, hours in (("old", 25), ("young", 1)):
            (folder / place / name).write_bytes(b"data")
            at = (now() - timedelta(hours=hours)).timestamp()
            os.utime(folder / place / name, (at, at))

    gone = caches.clear(now(), actor="ada")

    assert (gone["uploads"], gone["unfinished_files"]) == (1, 1)
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == ["young", "young"]
    (entry,) = entries_of("caches")
    assert (entry.actor, entry.action, entry.detail) == ("ada", "cleanup.caches", gone)


def test_answers_go_that_no_program_asks_for_again(folder: Path) -> None:
    person = create_user("ada@school.example", "Ada", "admin", "four random words here")
    with transaction() as session:
        token = ApiToken(
            user_id=person.id, name="portal", role="viewer", token_hash="h", hint="", created_at=now()
        )
        session.add(token)
        session.flush()
        for key, hours in (("old", 25), ("young", 1)):
            at = now() - timedelta(hours=hours)
            facts = {"fingerprint": "f", "status": 200, "answer": "{}", "created_at": at}
            session.add(IdempotentCall(token_id=token.id, key=key, **facts))

    assert caches.clear(now())["repeatable_calls"] == 1

    assert [each.key for each in db.session.query(IdempotentCall)] == ["young"]
