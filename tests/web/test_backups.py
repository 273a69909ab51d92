"""Pages of the backups."""

from __future__ import annotations

from flask import Flask

from edupulse.clock import now
from edupulse.transaction import transaction
from edupulse.upkeep import backup
from edupulse.upkeep.models import Backup
from tests.web.conftest import Browser, words_of


def test_an_empty_list_says_when_the_first_one_comes(admin: Browser) -> None:
    words = words_of(admin.get("/backups"))

    assert "There is no backup yet" in words
    assert "half past two" in words
    assert "backup restore latest" in words


def test_a_backup_is_shown_with_what_is_in_it_and_how_it_is_restored(
    admin: Browser, sqlite_app: Flask
) -> None:
    made = backup.make(actor="ada@school.example")
    name, number = made.name, made.id

    words, listed = words_of(admin.get(f"/backups/{number}")), words_of(admin.get("/backups?state=verified"))

    assert "Verified" in listed
    assert f"python cli.py backup restore {name}" in words
    assert "ada@school.example" in words


def test_a_failed_one_says_why(admin: Browser) -> None:
    with transaction() as session:
        failed = {"state": "failed", "error": "The disk is full."}
        session.add(Backup(name="x", host="atelier", actor="system", started_at=now(), **failed))

    assert "The disk is full." in words_of(admin.get("/backups"))
    assert "The disk is full." not in words_of(admin.get("/backups?state=verified"))


def test_a_backup_is_ordered_by_the_page(admin: Browser) -> None:
    answer = admin.post("/backups", {})

    assert (answer.status_code, "/jobs/upkeep-backup" in answer.location) == (303, True)


def test_the_pages_speak_chinese(admin: Browser) -> None:
    admin.post("/language", {"locale": "zh"})

    assert "备份" in words_of(admin.get("/backups"))
