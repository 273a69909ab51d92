"""The workers from outside: what is wanted, what is there, and who may change it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from edupulse.accounts.models import AuditEntry
from edupulse.control import pools
from edupulse.control.models import WorkerPool
from edupulse.database import db
from tests.rows import a_process, a_run
from tests.web.conftest import Browser, words_of

pytestmark = pytest.mark.usefixtures("now")
ADMIN = "admin@school.example"


def state_of(name: str) -> str:
    return db.session.get_one(WorkerPool, name, populate_existing=True).state


def test_the_main_pool_is_always_there_and_nobody_at_work_is_said(viewer: Browser) -> None:
    page = words_of(viewer.get("/workers"))

    assert "main 1 worker wanted" in page or "main 2 workers wanted" in page
    assert "No process has been seen within the last hour" in page


def test_each_process_says_what_it_does_and_how_it_is(viewer: Browser, now: datetime) -> None:
    busy = a_process(jobs_done=1200, jobs_failed=7, memory_bytes=64 << 20, version="0.0.1", pool="main")
    a_process(heartbeat_at=now - timedelta(seconds=20))
    a_process("scheduler")
    a_run("run-1", "started", started_at=now - timedelta(seconds=40), worker=busy.name)

    page = words_of(viewer.get("/workers"))

    for words in (
        "of main on atelier",
        "release 0.0.1",
        "diagnostics.ping for 40 s",
        "1 200 7 64 MB",
        "Silent",
        "keeps the clock",
    ):
        assert words in page


def test_an_operator_stops_and_starts_one_pool_or_all(operator: Browser) -> None:
    pools.add("night", ["email"], 2, actor="test")

    operator.post("/workers/pools/night/stop")
    assert (state_of("night"), "Stopped" in words_of(operator.get("/workers"))) == ("stopped", True)
    operator.post("/workers/stop")
    assert state_of("main") == "stopped"
    operator.post("/workers/pools/night/start")
    assert (state_of("night"), state_of("main")) == ("running", "stopped")
    operator.post("/workers/restart")

    assert db.session.get_one(WorkerPool, "main").renewals == 1
    assert "within seconds" in words_of(operator.get("/workers"))


def test_an_administrator_adds_changes_and_removes_a_pool(admin: Browser) -> None:
    admin.post("/workers/pools", {"name": "night", "queues": ["poll", "email"], "processes": "2"})
    row = db.session.get_one(WorkerPool, "night")
    assert (row.queues, row.processes) == (["email", "poll"], 2)
    assert 'value="email" checked' in admin.get("/workers/pools/night").text

    admin.post("/workers/pools/night", {"queues": ["email"], "processes": ""})
    row = db.session.get_one(WorkerPool, "night", populate_existing=True)
    assert (row.queues, row.processes) == (["email"], 2)

    admin.post("/workers/pools/night/removal")
    assert db.session.get(WorkerPool, "night", populate_existing=True) is None
    done = db.session.scalars(select(AuditEntry.action).where(AuditEntry.actor == ADMIN)).all()
    assert done == ["workers.add", "workers.change", "workers.remove"]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"name": "Night!", "queues": "email"}, "cannot be the name of a pool"),
        ({"name": "night"}, "at least one"),
        ({"name": "night", "queues": "email", "processes": "65"}, "from 1 to 64"),
        ({"name": "night", "queues": "email", "processes": "0"}, "from 1 to 64"),
        ({"name": "night", "queues": "email", "processes": "two"}, "must be a whole number"),
        ({"name": "main", "queues": "email"}, "already"),
    ],
)
def test_a_pool_that_cannot_be_comes_back_with_every_word(
    admin: Browser, typed: dict[str, str], words: str
) -> None:
    answer = admin.post("/workers/pools", typed)

    assert answer.status_code in (409, 422)
    assert words in words_of(answer)
    assert f'value="{typed["name"]}"' in answer.text
    assert db.session.get(WorkerPool, typed["name"]) is None


def test_the_main_pool_cannot_be_removed(admin: Browser) -> None:
    assert "/workers/pools/main/removal" not in admin.get("/workers").text
    assert admin.post("/workers/pools/main/removal").status_code == 409


def test_who_looks_has_no_buttons_and_operators_define_no_pools(viewer: Browser, operator: Browser) -> None:
    assert "<form" not in viewer.get("/workers").text.partition("<main")[2]
    assert "/workers/new" not in operator.get("/workers").text
    assert viewer.post("/workers/stop").status_code == 403
    assert operator.post("/workers/pools", {"name": "x", "queues": "email"}).status_code == 403


def test_an_unknown_pool_is_not_found(operator: Browser) -> None:
    assert operator.post("/workers/pools/nobody/start").status_code == 404


def test_a_pool_may_be_called_new(admin: Browser) -> None:
    admin.post("/workers/pools", {"name": "new", "queues": ["email"], "processes": "1"})

    assert "Pool new" in words_of(admin.get("/workers/pools/new"))
    assert "New pool of workers" in words_of(admin.get("/workers/new"))
