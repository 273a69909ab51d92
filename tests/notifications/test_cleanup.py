"""What people were told long ago goes, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from edupulse.database import db
from edupulse.notifications import cleanup
from edupulse.notifications.models import Notification
from edupulse.transaction import transaction
from tests.notifications.conftest import a_user


def test_what_is_older_than_the_setting_goes_in_batches_read_or_not(
    app: Flask, now: datetime, change_settings: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    change_settings(notification_keep_days=30)
    monkeypatch.setattr(cleanup, "AT_ONCE", 2)
    person = a_user()
    ages = [29, 30, 31, 40, 50, 60, 70]
    with transaction() as session:
        for age in ages:
            session.add(
                Notification(
                    user_id=person.id,
                    kind="job_failed",
                    key=str(age),
                    facts={},
                    created_at=now - timedelta(days=age),
                    read_at=now if age % 20 else None,
                )
            )

    gone = cleanup.cleanup(now)

    assert gone == 5
    assert sorted(db.session.scalars(select(Notification.key))) == ["29", "30"]
    assert cleanup.cleanup(now) == 0
