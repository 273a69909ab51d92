"""What an operator wants of a schedule survives syncs and releases, is on record, and can be taken back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from redis import Redis

from edupulse import clock
from edupulse.accounts.audit import entries_of
from edupulse.control import schedule, schedule_changes
from edupulse.control.catalog import Timing
from edupulse.control.definitions import Definition, bring_in_line
from edupulse.control.schedule import sync
from edupulse.control.schedule_changes import Change, change, reset, run_now
from edupulse.errors import Conflict, Invalid, NotFound
from edupulse.transaction import transaction
from tests.control.schedules import armed, runs, spec, stored, use

MINUTE = timedelta(minutes=1)
ANNA = "anna@school.example"
HOURLY = Timing(cron="0 * * * *", max_lateness_seconds=600)


@pytest.fixture(autouse=True)
def catalog(app: Flask, monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    use(app, monkeypatch, spec("a.hourly", HOURLY))
    sync(now)


def test_a_changed_time_shows_its_next_runs_and_is_armed(redis: Redis, now: datetime) -> None:
    listed = change("a.hourly", Change(cron="*/10 * * * *"), actor=ANNA)

    assert listed.words == "every 10 minutes"
    assert listed.upcoming == [now + number * 10 * MINUTE for number in range(1, 6)]
    assert armed(redis) == {"schedule-a.hourly": (now + 10 * MINUTE).timestamp()}


def test_a_change_survives_syncs(now: datetime) -> None:
    change("a.hourly", Change(cron="*/10 * * * *", misfire="skip"), actor=ANNA)

    results = {sync(now + timedelta(seconds=number)) for number in range(3)}

    assert {result.updated for result in results} == {0}
    assert (stored("a.hourly").cron, stored("a.hourly").misfire) == ("*/10 * * * *", "skip")


def test_a_release_changes_only_what_nobody_changed(
    app: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    change("a.hourly", Change(interval_seconds=300), actor=ANNA)
    use(app, monkeypatch, spec("a.hourly", Timing(cron="0 3 * * *", max_lateness_seconds=7200)))

    sync(now)

    row = stored("a.hourly")
    assert (row.cron, row.interval_seconds, row.max_lateness_seconds) == (None, 300, 7200)


def test_a_new_expression_survives_a_release_that_turns_to_an_interval(
    app: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    change("a.hourly", Change(cron="5 * * * *"), actor=ANNA)
    use(app, monkeypatch, spec("a.hourly", Timing(interval_seconds=60)))

    sync(now)

    assert (stored("a.hourly").cron, stored("a.hourly").interval_seconds) == ("5 * * * *", None)


def test_a_reset_is_what_the_code_says_and_leaves_a_pause(now: datetime) -> None:
    change("a.hourly", Change(cron="*/10 * * * *", overlap="allow", enabled=False), actor=ANNA)

    reset("a.hourly", actor=ANNA)

    row = stored("a.hourly")
    assert (row.cron, row.overlap, row.changed, row.enabled) == ("0 * * * *", "skip", {}, False)
    assert row.next_at == now + timedelta(hours=1)


def test_a_value_that_the_code_has_too_is_no_change_any_more() -> None:
    change("a.hourly", Change(misfire="skip"), actor=ANNA)

    change("a.hourly", Change(misfire="once"), actor=ANNA)

    assert stored("a.hourly").changed == {}


def test_making_up_for_all_lets_runs_overlap_only_as_long_as_it_holds() -> None:
    change("a.hourly", Change(misfire="all"), actor=ANNA)
    during = stored("a.hourly").overlap

    change("a.hourly", Change(misfire="once"), actor=ANNA)

    assert (during, stored("a.hourly").overlap) == ("allow", "skip")


def test_the_log_has_before_and_after() -> None:
    change("a.hourly", Change(cron="*/10 * * * *"), actor=ANNA)
    change("a.hourly", Change(enabled=False), actor=ANNA)

    pause, changed = entries_of("schedule:a.hourly")
    assert (changed.actor, changed.action) == (ANNA, "schedule.change")
    assert changed.detail == {
        "before": {"cron": "0 * * * *", "changed": []},
        "after": {"cron": "*/10 * * * *", "changed": ["cron", "interval_seconds"]},
    }
    assert (pause.action, pause.detail) == (
        "schedule.pause",
        {"before": {"enabled": True}, "after": {"enabled": False}},
    )


def test_what_changes_nothing_is_not_on_record() -> None:
    change("a.hourly", Change(cron="0 * * * *", enabled=True), actor=ANNA)

    assert entries_of("schedule:a.hourly") == []


def test_one_that_was_put_aside_gets_another_chance_with_its_new_time(redis: Redis, now: datetime) -> None:
    with transaction():
        row = schedule.existing("a.hourly")
        row.failures, row.last_error = 3, "Kaboom: 42"
    redis.delete("rq:scheduler:scheduled_jobs")

    change("a.hourly", Change(cron="*/10 * * * *"), actor=ANNA)

    assert (stored("a.hourly").failures, stored("a.hourly").last_error) == (0, None)
    assert armed(redis) == {"schedule-a.hourly": (now + 10 * MINUTE).timestamp()}


def test_resuming_with_a_new_time_begins_at_the_new_time(now: datetime) -> None:
    change("a.hourly", Change(enabled=False), actor=ANNA)

    with clock.frozen(now + timedelta(days=1)):
        listed = change("a.hourly", Change(cron="30 * * * *", enabled=True), actor=ANNA)

    assert listed.upcoming[0] == now + timedelta(days=1, minutes=30)


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (Change(cron="61 * * * *"), "cron"),
        (Change(cron="0 0 30 2 *"), "cron"),
        (Change(cron="0,1,2,3,4,5,6,7,8,9 " * 5), "cron"),
        (Change(cron="0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,"
                     "32,33,34 * * * *"), "cron"),
        (Change(cron="* * * * *", interval_seconds=60), "cron"),
        (Change(interval_seconds=0), "interval_seconds"),
        (Change(timezone="Mars/Olympus"), "timezone"),
        (Change(misfire="never"), "misfire"),
        (Change(overlap="perhaps"), "overlap"),
        (Change(max_lateness_seconds=0), "max_lateness_seconds"),
        (Change(max_lateness_seconds=2**40), "max_lateness_seconds"),
        (Change(misfire="all", overlap="skip"), "overlap"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_its_name_and_changes_nothing(wanted: Change, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        change("a.hourly", wanted, actor=ANNA)

    assert refusal.value.facts["field"] == field
    assert stored("a.hourly").changed == {}


@pytest.mark.parametrize("act", [reset, run_now, lambda name, actor: change(name, Change(), actor=actor)])
def test_a_name_that_nobody_knows_is_refused(act: object) -> None:
    with pytest.raises(NotFound, match=r"no\.such"):
        act("no.such", actor=ANNA)  # type: ignore[operator]


def test_the_interval_of_a_mailbox_is_changed_at_the_mailbox(
    app: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    polled = Definition("a.hourly", None, 60, "UTC", "once", 3600, "skip")
    monkeypatch.setattr("edupulse.control.definitions._providers", [lambda: {"mailbox-7": polled}])
    sync(now)

    with pytest.raises(Conflict, match="mailbox-7"):
        change("mailbox-7", Change(interval_seconds=3600), actor=ANNA)

    assert change("mailbox-7", Change(misfire="skip"), actor=ANNA).schedule.misfire == "skip"


def test_a_run_by_hand_leaves_the_next_one_where_it_is(now: datetime) -> None:
    schedule.pause("a.hourly", ANNA)

    run = run_now("a.hourly", actor=ANNA)

    assert [(each.id, each.actor) for each in runs("a.hourly")] == [(run.id, ANNA)]
    assert stored("a.hourly").next_at == now + timedelta(hours=1)
    assert entries_of("schedule:a.hourly")[0].detail == {"run": run.id}


def test_a_second_run_by_hand_waits_for_the_first() -> None:
    first = run_now("a.hourly", actor=ANNA)

    with pytest.raises(Conflict, match=first.id):
        run_now("a.hourly", actor=ANNA)


def test_runs_that_may_overlap_are_accepted_twice() -> None:
    change("a.hourly", Change(overlap="allow"), actor=ANNA)

    assert run_now("a.hourly", actor=ANNA).id != run_now("a.hourly", actor=ANNA).id


def test_what_another_release_wrote_beside_is_passed_by(now: datetime) -> None:
    with transaction():
        row = schedule.existing("a.hourly")
        row.changed = {"colour": "red"}

    with transaction():
        changed = bring_in_line(schedule.existing("a.hourly"), schedule_changes.original("a.hourly"), now)

    assert changed is False
