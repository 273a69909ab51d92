"""Failures of one cause are one line, with the latest of them, whether it is mended, and what to do."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from edupulse.control import failures, ledger
from edupulse.control.actions import leave
from edupulse.control.failures import name_failures
from edupulse.control.fingerprint import fingerprint, pattern
from edupulse.control.interrupted import interrupt
from edupulse.control.models import JobRun
from edupulse.control.monitor import RunFilter, failure_groups, run, runs
from edupulse.database import db
from edupulse.transaction import transaction
from tests.rows import a_run

HOUR = timedelta(hours=1)


def a_failure(run_id: str, message: str, at: datetime, name: str = "mail.sweep", **values: Any) -> JobRun:
    mark = fingerprint(name, "TimeoutError", message)
    facts = {"error_class": "TimeoutError", "error_message": message, "error_fingerprint": mark, **values}
    return a_run(run_id, "failed", name=name, created_at=at, **facts)


@pytest.mark.parametrize(
    ("one", "another"),
    [
        ("There is no event 7.", "There is no event 4711."),
        ("<ada@school.example>: refused", "<bob@other.example>: refused"),
        ("File '/var/a/x1.csv' is missing", "File '/srv/b.csv' is missing"),
        ("no answer from https://a.example/x", "no answer from https://b.example/y?z=1"),
        ("Run 3f2a9c01 of 10.0.0.7:25 ended", "Run 77bd of 192.168.1.9:587 ended"),
        ("seats 1, 2, 3 are taken", "seats 9 are taken"),
        ("第3个学生不存在", "第15个学生不存在"),
        ("第３个学生不存在", "第１５个学生不存在"),
        ("无法发送到ada@school.example，邮箱已满", "无法发送到bob@other.example，邮箱已满"),
        ("学生「王小明」不存在", "学生「李华」不存在"),
        ("Login: b'x y'", "Login: b'z'"),
    ],
)
def test_what_differs_from_run_to_run_does_not_part_failures(one: str, another: str) -> None:
    assert fingerprint("a.b", "E", one) == fingerprint("a.b", "E", another)


def test_another_job_class_or_sentence_is_another_cause() -> None:
    marks = {
        fingerprint("a.b", "E", "gone"),
        fingerprint("a.c", "E", "gone"),
        fingerprint("a.b", "F", "gone"),
        fingerprint("a.b", "E", "away"),
    }

    assert len(marks) == 4


@pytest.mark.parametrize(
    ("one", "another"),
    [
        ("第3个学生不存在", "第3个文件无法打开"),
        ("无法发送到ada@school.example，邮箱已满", "无法发送到ada@school.example，密码错误"),
        ("打不开/srv/a.csv，磁盘已满", "打不开/srv/a.csv，没有权限"),
        ("can't connect, it isn't up", "can't write, it isn't up"),
    ],
)
def test_what_went_wrong_is_not_taken_for_what_differs(one: str, another: str) -> None:
    assert fingerprint("a.b", "E", one) != fingerprint("a.b", "E", another)


def test_a_pattern_can_be_read() -> None:
    assert pattern("No event 7 for ada@school.example in 'Oils'.") == "no event # for # in #."


def test_runs_that_failed_alike_are_one_group_with_the_latest_first(app: Flask, now: datetime) -> None:
    a_failure("a", "timed out after 3 s", now - 5 * HOUR, queue="email")
    a_failure("b", "timed out after 9 s", now - HOUR, queue="email")
    a_failure("c", "disk full", now - 3 * HOUR, name="reminders.plan")
    a_failure("old", "timed out after 4 s", now - 50 * HOUR)

    groups = failure_groups(now - 24 * HOUR)

    assert [(group.name, group.count, group.last_run_id) for group in groups] == [
        ("mail.sweep", 2, "b"),
        ("reminders.plan", 1, "c"),
    ]
    assert (groups[0].first_at, groups[0].last_at) == (now - 5 * HOUR, now - HOUR)
    assert (groups[0].queue, groups[0].message) == ("email", "timed out after 9 s")
    assert "did not answer in time" in groups[0].cause
    assert "retry" in groups[0].cure.lower()


def test_groups_can_be_of_one_job_and_lead_to_their_runs(app: Flask, now: datetime) -> None:
    a_failure("a", "broken", now - HOUR), a_failure("b", "broken", now - HOUR, name="reminders.plan")

    (group,) = failure_groups(now - 24 * HOUR, name="mail.sweep")

    assert [each.id for each in runs(RunFilter(fingerprint=group.fingerprint)).items] == ["a"]


def test_a_group_of_which_all_are_tried_again_meanwhile_is_left_out(
    app: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_failure("a", "broken", now - HOUR), a_failure("b", "away", now - 2 * HOUR)
    explain = failures.explain

    def retry_the_other(*told: Any, **of: Any) -> Any:
        with transaction() as session:
            session.execute(update(JobRun).where(JobRun.id == "b").values(state="queued"))
        return explain(*told, **of)

    monkeypatch.setattr(failures, "explain", retry_the_other)

    assert [group.last_run_id for group in failure_groups(now - 24 * HOUR)] == ["a"]


def test_a_job_is_broken_until_a_later_run_has_finished(app: Flask, now: datetime) -> None:
    a_failure("a", "broken", now - 3 * HOUR), a_failure("b", "broken", now - 3 * HOUR, name="reminders.plan")
    a_run("before", name="reminders.plan", created_at=now - 4 * HOUR)
    a_run("after", name="mail.sweep", created_at=now - 2 * HOUR)

    broken = {group.name: group.broken for group in failure_groups(now - 24 * HOUR)}

    assert broken == {"mail.sweep": False, "reminders.plan": True}


def test_whatever_ends_a_run_as_failed_gives_it_its_fingerprint(app: Flask, now: datetime) -> None:
    a_run("by-error", "queued"), a_run("by-death", "queued", deaths=5), a_run("left", "interrupted")
    begun = ledger.begin("by-error", "w1")
    ledger.begin("by-death", "w2")

    assert begun is not None
    ledger.fail(begun, ValueError("bad number 7"))
    with transaction():
        interrupt("w2", now)
    leave("left", "ada@school.example")

    assert all(run(each).error_fingerprint for each in ("by-error", "by-death", "left"))


def test_a_run_that_finishes_after_all_has_none_any_more(app: Flask, now: datetime) -> None:
    a_run("a", "queued", error_class="E", error_fingerprint="f00", attempts=1)
    begun = ledger.begin("a", "w1")

    assert begun is not None
    ledger.finish(begun, {})

    assert run("a").error_fingerprint is None


def test_failures_of_an_older_release_get_their_fingerprint_later(app: Flask, now: datetime) -> None:
    a_run("old", "failed", error_class="E", error_message="broken")

    assert (name_failures(), name_failures()) == (1, 0)

    db.session.expire_all()
    assert run("old").error_fingerprint == fingerprint("diagnostics.ping", "E", "broken")
