"""Pools as an administrator defines and orders them; tests/control/engine/test_keeper_pools.py brings them about."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask
from redis.exceptions import ConnectionError as RedisAway
from sqlalchemy import insert
from sqlalchemy.orm import Session

from edupulse.accounts.models import AuditEntry
from edupulse.control import monitor, pools, workers
from edupulse.control.catalog import QUEUES
from edupulse.control.engine.roster import PoolRoster
from edupulse.control.models import Worker, WorkerPool
from edupulse.control.pools import rows
from edupulse.database import db
from edupulse.errors import Conflict, Invalid, NotFound
from edupulse.mailboxes import accounts
from edupulse.mailboxes.drafts import MailboxDraft
from edupulse.transaction import transaction

BY = "ada@school.example"


def appear(kind: str, name: str, now: datetime, pool: str | None = None) -> None:
    with transaction() as session:
        row = Worker(
            name=name, kind=kind, host="h", pid=1, queues=[], state="running", version="1", pool=pool
        )
        row.started_at = row.heartbeat_at = now
        session.add(row)


def test_there_is_a_main_pool_before_anybody_has_touched_it(app: Flask, now: datetime) -> None:
    [main] = pools.pools(now)

    assert (main.name, main.queues, main.state, main.follows_setting) == (
        "main",
        list(QUEUES),
        "running",
        True,
    )
    assert "not running" in main.words


def test_a_pool_is_added_changed_and_removed_and_the_log_tells_before_and_after(
    app: Flask, now: datetime
) -> None:
    pools.add("night", ["email", "reports"], 2, actor=BY)
    pools.change("night", processes=3, actor=BY)
    changed = pools.pool("night", now)
    pools.remove("night", actor=BY)

    assert (changed.queues, changed.processes) == (["email", "reports"], 3)
    assert [each.name for each in pools.pools(now)] == ["main"]
    entries = {entry.action: entry.detail for entry in db.session.query(AuditEntry)}
    assert entries["workers.change"]["before"]["processes"] == 2
    assert entries["workers.change"]["after"]["processes"] == 3


@pytest.mark.parametrize(
    ("name", "queues", "processes", "field"),
    [
        ("Night shift", ["email"], 1, "name"),
        ("", ["email"], 1, "name"),
        ("n" * 41, ["email"], 1, "name"),
        ("night", [], 1, "queues"),
        ("night", ["emails"], 1, "queues"),
        ("night", ["email", "email"], 1, "queues"),
        ("night", ["email"], 0, "processes"),
        ("night", ["email"], 65, "processes"),
    ],
)
def test_a_pool_that_cannot_be_is_refused_by_field(
    app: Flask, now: datetime, name: str, queues: list[str], processes: int, field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        pools.add(name, queues, processes, actor=BY)

    assert refusal.value.facts["field"] == field
    assert len(pools.pools(now)) == 1


def test_a_name_is_given_once_and_the_main_pool_stays(app: Flask) -> None:
    pools.add("night", ["email"], 1, actor=BY)

    with pytest.raises(Conflict, match="already"):
        pools.add("night", ["email"], 1, actor=BY)
    with pytest.raises(Conflict, match="already"):
        pools.add("main", ["email"], 1, actor=BY)
    with pytest.raises(Conflict, match="Stop it instead"):
        pools.remove("main", actor=BY)
    with pytest.raises(NotFound, match="workers pools"):
        pools.stop("day", actor=BY)


def test_an_order_does_not_keep_the_main_pool_from_the_queues_of_a_later_release(
    app: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    pools.restart("main", actor=BY)
    pools.change("main", queues=QUEUES, processes=3, actor=BY)

    monkeypatch.setattr(rows, "QUEUES", (*QUEUES, "film"))

    assert pools.pool("main", now).queues == [*QUEUES, "film"]
    assert PoolRoster().wishes()[0].queues == (*QUEUES, "film")


def test_two_who_are_the_first_to_touch_the_main_pool_are_both_heard(
    app: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    there_is_none = rows.existing

    def overtaken(session: Session, name: str) -> WorkerPool:
        found = there_is_none(session, name)
        values = {"queues": [], "state": "stopped", "renewals": 7, "created_at": now, "updated_at": now}
        session.execute(insert(WorkerPool).values(name=name, **values))
        return found

    monkeypatch.setattr(rows, "existing", overtaken)
    pools.restart("main", actor=BY)

    assert (PoolRoster().wishes()[0].renewals, pools.pool("main", now).state) == (8, "running")


def test_of_two_who_take_one_name_at_the_same_moment_the_second_is_told(
    app: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    pools.add("night", ["email"], 1, actor=BY)
    monkeypatch.setattr(Session, "get", lambda *_, **__: None)

    with pytest.raises(Conflict, match="There is a pool night already"):
        pools.add("night", ["reports"], 2, actor=BY)


def test_starting_makes_the_schedules_match_the_mailboxes(app: Flask, now: datetime) -> None:
    accounts.add(
        MailboxDraft(name="Office", host="imap.school.example", username="o", password="p"), actor=BY
    )

    started = pools.start("main", actor=BY)

    assert started.pools == ["main"]
    assert started.mailboxes is not None
    assert started.mailboxes.total == 1


def test_without_redis_workers_are_wanted_all_the_same(
    app: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    pools.stop("main", actor=BY)

    def away(*_: object, **__: object) -> None:
        raise RedisAway("connection refused")

    monkeypatch.setattr(app.extensions["edupulse"].redis, "execute_command", away)
    started = pools.start("main", actor=BY)

    assert started.mailboxes is None
    assert pools.pool("main", now).state == "running"


def test_stopped_workers_are_named_as_the_reason_why_work_waits(app: Flask, now: datetime) -> None:
    pools.stop_all(actor=BY)

    service = monitor.workers_service(now)

    assert service.state == "down"
    assert "stopped, as somebody wanted" in service.summary
    assert "workers start" in service.cure


def test_a_keeper_of_all_pools_leaves_out_what_another_looks_after_by_name(app: Flask, now: datetime) -> None:
    pools.add("night", ["email"], 1, actor=BY)
    pools.add("day", ["email"], 1, actor=BY)
    appear("keeper", "h-other-1", workers.now(), pool="night")

    wanted = PoolRoster().wishes()

    assert [wish.pool for wish in wanted] == ["main", "day"]


def test_the_words_tell_how_far_it_is(app: Flask, now: datetime) -> None:
    appear("keeper", "h-k-1", now)
    first = pools.pool("main", now).words
    appear("worker", "h-w-1", now, pool="main")
    appear("worker", "h-w-2", now, pool="main")
    second = pools.pool("main", now).words
    pools.stop("main", actor=BY)
    third = pools.pool("main", now).words

    assert (first, second) == ("Starting: 0 of 2 at work.", "2 of 2 at work.")
    assert third == "Stopped; 2 still bring their work to an end."
