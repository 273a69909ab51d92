"""Every schedule that the organisation was promised is there, on its clock, and stays as a person changed it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from edupulse.control import schedule, schedule_changes
from edupulse.control.schedule_changes import Change
from edupulse.database import db

# Its next two runs after Thursday 12 March 2026, 10:00 in Berlin, where the clock goes forward on the 29th.
PROMISED = {
    "reminders.check": ("2026-03-12 10:01", "2026-03-12 10:02"),
    "finance.check_pending_bills": ("2026-03-12 10:01", "2026-03-12 10:02"),
    "notifications.watch": ("2026-03-12 10:01", "2026-03-12 10:02"),
    "reports.hourly": ("2026-03-12 11:00", "2026-03-12 12:00"),
    "reports.daily": ("2026-03-13 00:10", "2026-03-14 00:10"),
    "reports.weekly": ("2026-03-16 10:00", "2026-03-23 10:00"),
    "reports.monthly": ("2026-04-01 00:00", "2026-05-01 00:00"),
    "notifications.cleanup_old_notifications": ("2026-03-13 02:00", "2026-03-14 02:00"),
    "upkeep.backup_database": ("2026-03-13 02:30", "2026-03-14 02:30"),
    "upkeep.cleanup_cache": ("2026-03-13 04:00", "2026-03-14 04:00"),
    "upkeep.cleanup_expired_data": ("2026-03-13 04:20", "2026-03-14 04:20"),
    "exports.expire": ("2026-03-12 11:00", "2026-03-12 12:00"),
}
WEEKLY = "reports.weekly"


@pytest.fixture(autouse=True)
def in_berlin(sqlite_app: Flask, change_settings: Callable[..., None], now: datetime) -> None:
    change_settings(timezone="Europe/Berlin")
    schedule.sync(now)


def runs(name: str, at: datetime) -> list[str]:
    upcoming = schedule.show(name, at).upcoming
    return [f"{each.astimezone(ZoneInfo('Europe/Berlin')):%Y-%m-%d %H:%M}" for each in upcoming]


@pytest.mark.parametrize("name", PROMISED)
def test_it_runs_at_its_hour_on_the_organisations_clock(name: str, now: datetime) -> None:
    found = runs(name, now)

    assert len(found) == 5
    assert tuple(found[:2]) == PROMISED[name]


def test_the_weekly_report_stays_at_ten_when_the_clock_changes(now: datetime) -> None:
    weekly = schedule.show(WEEKLY, now).upcoming

    assert [each.hour for each in weekly[:4]] == [9, 9, 8, 8]
    assert {at.partition(" ")[2] for at in runs(WEEKLY, now)} == {"10:00"}


def test_a_change_at_run_time_survives_a_sync_as_at_each_start(now: datetime) -> None:
    schedule_changes.change(WEEKLY, Change(cron="30 8 * * 2"), actor="ada")

    schedule.sync(now)
    db.session.expire_all()

    assert runs(WEEKLY, now)[0] == "2026-03-17 08:30"
    assert schedule.existing(WEEKLY).changed["cron"] == "30 8 * * 2"


def test_a_pause_survives_a_sync_too(now: datetime) -> None:
    schedule.pause(WEEKLY, actor="ada")

    schedule.sync(now)
    db.session.expire_all()

    assert runs(WEEKLY, now) == []
    assert schedule.existing(WEEKLY).next_at > datetime(2026, 3, 12, tzinfo=UTC)
