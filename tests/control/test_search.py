"""Runs are found by any wish; what no index knows is looked through in slices, and the page says how far."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from edupulse.control.models import JobRun
from edupulse.control.monitor import RunFilter, runs
from edupulse.control.search import Effort
from edupulse.database import db
from tests.control import many_runs
from tests.rows import a_run

PATIENCE = Effort(seconds=3600.0)
HASTE = Effort(seconds=0.0, first_slice=10)  # one slice of ten, then the page is shown


def found(filters: RunFilter) -> list[str]:
    return [run.id for run in runs(filters).items]


def test_each_wish_leaves_only_the_runs_that_it_means(app: Flask, now: datetime) -> None:
    (
        a_run("plain", created_at=now - timedelta(hours=3)),
        a_run("hers", actor="ada@school.example", created_at=now - timedelta(hours=2)),
        a_run("bad", "failed", error_fingerprint="f00", queue="email", created_at=now - timedelta(hours=1)),
        a_run("late", "queued", name="mail.sweep", queue="email"),
    )

    assert found(RunFilter(actor="ada@school.example")) == ["hers"]
    assert found(RunFilter(actor="system")) == ["late", "bad", "plain"]
    assert found(RunFilter(failed=True)) == found(RunFilter(state="failed")) == ["bad"]
    assert found(RunFilter(fingerprint="f00")) == ["bad"]
    assert found(RunFilter(queue="email")) == ["late", "bad"]
    assert found(RunFilter(since=now - timedelta(hours=2), until=now)) == ["bad", "hers"]
    assert found(RunFilter(state="queued", queue="email", name="mail.sweep")) == ["late"]


def test_wishes_that_exclude_each_other_find_nothing(app: Flask) -> None:
    a_run("bad", "failed"), a_run("good"), a_run("waiting", "queued"), a_run("off", "cancelled")

    assert found(RunFilter(state="finished", failed=True)) == []
    assert (
        found(RunFilter(state="cancelled", failed=True))
        == found(RunFilter(state="queued", failed=True))
        == []
    )
    assert found(RunFilter(state="queued", fingerprint="f00")) == []
    assert found(RunFilter(failed=True, name="nobody.knows")) == []


def test_letters_outside_of_ascii_are_found_in_arguments(app: Flask) -> None:
    a_run("run-1", arguments={"name": "Zoë 中文"})

    assert (found(RunFilter(text="Zoë")), found(RunFilter(text="中文"))) == (["run-1"], ["run-1"])


@pytest.mark.parametrize("state", ["finished", "failed", "queued"])
def test_a_text_that_matches_one_old_run_is_found_by_going_on(app: Flask, now: datetime, state: str) -> None:
    for number in range(50):
        a_run(f"run-{number:02}", state, created_at=now + timedelta(seconds=number // 3))
    a_run("needle", state, created_at=now - timedelta(days=1), error_message="It was here.")

    page, seen, turns = runs(RunFilter(text="was here", state=state), effort=HASTE), [], 1
    while page.next:
        seen += page.items
        page, turns = runs(RunFilter(text="was here", state=state), page.next, effort=HASTE), turns + 1

    assert [run.id for run in [*seen, *page.items]] == ["needle"]
    assert turns == (1 if state == "queued" else 5)  # open runs are few: all of them are looked at


def test_a_page_that_was_not_looked_through_to_its_end_says_so(app: Flask, now: datetime) -> None:
    for number in range(30):
        a_run(f"run-{number:02}", created_at=now + timedelta(seconds=number))

    page = runs(RunFilter(text="nowhere"), effort=HASTE)

    assert (page.items, page.looked_to) == ([], now + timedelta(seconds=19))
    assert page.next


def test_a_page_that_was_looked_through_has_nothing_behind_it(app: Flask) -> None:
    a_run("run-1")

    page = runs(RunFilter(text="nowhere"))

    assert (page.items, page.next, page.previous, page.looked_to) == ([], None, None, None)


def test_slices_lead_back_to_the_same_runs(app: Flask, now: datetime) -> None:
    for number in range(60):
        a_run(f"run-{number:02}", created_at=now + timedelta(seconds=number // 7), queue="email")
    wanted, cursor, forth = RunFilter(queue="email", text="run"), "", []
    while (page := runs(wanted, cursor, 4, effort=HASTE)).next:
        forth += [run.id for run in page.items]
        cursor = page.next
    forth += [run.id for run in page.items]

    back = [run.id for run in page.items]
    while page.previous:
        page = runs(wanted, page.previous, 4, effort=HASTE)
        back = [run.id for run in page.items] + back

    assert (
        forth == back == [f"run-{number:02}" for number in sorted(range(60), key=lambda n: (n // 7, n))[::-1]]
    )


def test_in_twenty_thousand_runs_slices_find_what_a_plain_search_finds(app: Flask, now: datetime) -> None:
    many_runs.fill(20_000, now)
    wishes = [
        RunFilter(failed=True, name="mail.deliver"),
        RunFilter(actor="ada@school.example", state="finished"),
        RunFilter(queue="finance"),
        RunFilter(state="queued", queue="email"),
        RunFilter(name="mail.deliver", text="number 1", until=now - timedelta(days=40)),
        RunFilter(text="nowhere"),
    ]

    sliced = [[run.id for run in runs(wish, effort=PATIENCE).items] for wish in wishes]

    assert sliced == [plainly(wish) for wish in wishes]
    assert [len(ids) for ids in sliced] == [50, 10, 6, 50, 50, 0]


def plainly(wish: RunFilter) -> list[str]:
    newest_first = (JobRun.created_at.desc(), JobRun.id.desc())
    matching = select(JobRun.id).where(*wish.conditions()).order_by(*newest_first)
    return list(db.session.scalars(matching.limit(50)))
