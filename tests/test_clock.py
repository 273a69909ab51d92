"""The clock: aware, UTC, and movable only by those who say so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.dialects import sqlite

from edupulse import clock
from edupulse.database import UtcDateTime


def test_now_is_aware_and_in_utc() -> None:
    assert clock.now().utcoffset() == timedelta(0)


def test_a_frozen_clock_stands_still_and_runs_again_afterwards() -> None:
    at = datetime(2026, 3, 29, 3, 0, tzinfo=timezone(timedelta(hours=2)))

    with clock.frozen(at):
        assert clock.now() == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)

    assert clock.now() != at


def test_a_naive_time_is_refused_by_the_database_type() -> None:
    with pytest.raises(ValueError, match="naive datetime"):
        UtcDateTime().process_bind_param(datetime(2026, 1, 1), sqlite.dialect())
