"""A report is made once for each kind and period; making it again replaces what it says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from edupulse import clock
from edupulse.database import db
from edupulse.errors import Invalid
from edupulse.reports import reading
from edupulse.reports.making import make, make_missed
from edupulse.reports.models import KINDS, Report
from edupulse.reports.rounds import run
from tests.rows import a_delivery


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_is_about_the_last_period_that_is_over(sqlite_app: Flask, now: datetime, kind: str) -> None:
    report = make(kind, now=now)

    assert (report.kind, report.timezone, report.made_at, report.times_made) == (kind, "UTC", now, 1)
    assert report.starts_at < report.ends_at <= now


def test_making_a_report_again_replaces_its_figures_and_keeps_its_row(app: Flask, now: datetime) -> None:
    first = make("daily", now=now)
    a_delivery(accepted_at=now - timedelta(days=1))

    with clock.frozen(now + timedelta(hours=1)):
        second = make("daily", now=now + timedelta(hours=1), by="ada@school.example")

    assert (second.id, second.times_made, second.made_by) == (first.id, 2, "ada@school.example")
    assert second.figures["mail"]["accepted"] == 1
    assert db.session.scalar(select(func.count(Report.id))) == 1


def test_what_was_summed_up_earlier_does_not_replace_what_was_summed_up_later(
    app: Flask, now: datetime
) -> None:
    make("daily", now=now + timedelta(hours=2), start="2026-03-11")
    a_delivery(accepted_at=now - timedelta(days=1))

    late = make("daily", now=now, start="2026-03-11")

    assert (late.figures["mail"]["accepted"], late.times_made) == (0, 1)


def test_a_period_that_is_not_over_has_no_report(sqlite_app: Flask, now: datetime) -> None:
    with pytest.raises(Invalid, match="not over yet") as refused:
        make("daily", now=now, start="2026-03-12")

    assert refused.value.facts["field"] == "start"


def test_the_period_before_stands_beside_each_figure(sqlite_app: Flask, now: datetime) -> None:
    a_delivery(accepted_at=now - timedelta(days=2))

    report = make("daily", now=now)

    assert (report.figures["mail"]["accepted"], report.before["mail"]["accepted"]) == (0, 1)


def test_days_are_those_of_the_organisation(sqlite_app: Flask, now: datetime, change_settings: Any) -> None:
    change_settings(timezone="Asia/Shanghai")

    report = make("daily", now=now)

    assert report.starts_at == datetime(2026, 3, 10, 16, tzinfo=UTC)
    assert report.timezone == "Asia/Shanghai"


def test_reports_that_were_missed_are_made_up_for(sqlite_app: Flask, now: datetime) -> None:
    make("hourly", now=now, start="2026-03-12T04")

    outcome = run("hourly")

    assert outcome["missed"] == 3
    starts = [each.starts_at.hour for each in reading.reports("hourly").items]
    assert starts == [8, 7, 6, 5, 4]


def test_an_installation_without_reports_makes_up_for_nothing(sqlite_app: Flask, now: datetime) -> None:
    assert make_missed("hourly", now=now) == 0
    assert set(run("hourly")) == {"report", "mails"}


def test_after_a_long_time_only_the_newest_reports_are_made_up_for(sqlite_app: Flask, now: datetime) -> None:
    make("hourly", now=now, start="2026-03-01T04")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edupulse.reports.making.MOST_MISSED", 2)
        made = make_missed("hourly", now=now)

    assert made == 2
    assert [each.starts_at.hour for each in reading.reports("hourly").items] == [7, 6, 4]
