"""Two who change people at the same moment: the second one sees what the first one did."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from flask import Flask

from edupulse.accounts import users
from edupulse.accounts.models import AuditEntry, User
from edupulse.accounts.users import create_user, set_active, set_role
from edupulse.errors import Conflict

PASSWORD = "four random words here"
Act = Callable[[], User]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every act take so long that the other one has begun too."""
    record = users.record

    def record_slowly(*words: str, **detail: object) -> AuditEntry:
        time.sleep(0.1)
        return record(*words, **detail)

    monkeypatch.setattr(users, "record", record_slowly)


def at_once(app: Flask, *acts: Act) -> list[str]:
    """Return what became of each, sorted."""
    begin, results = threading.Barrier(len(acts)), []

    def run(act: Act) -> None:
        begin.wait(timeout=10)
        with app.app_context():
            try:
                act()
                results.append("done")
            except Conflict:
                results.append("refused")

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return sorted(results)


def make_ada() -> User:
    return create_user("ada@school.example", "Ada", "admin", PASSWORD)


def test_of_two_who_make_the_same_person_one_is_refused(app: Flask, slow: None) -> None:
    assert at_once(app, make_ada, make_ada) == ["done", "refused"]


def test_of_the_last_two_administrators_one_stays(app: Flask, slow: None) -> None:
    make_ada()
    create_user("bo@school.example", "Bo", "admin", PASSWORD)

    results = at_once(
        app,
        lambda: set_role("ada@school.example", "viewer"),
        lambda: set_active("bo@school.example", False),
    )

    assert results == ["done", "refused"]
