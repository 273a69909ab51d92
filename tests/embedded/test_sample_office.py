"""The demo's office: bills in every state, and nobody is reminded of them while one watches."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from flask import Flask

from edupulse import clock
from edupulse.database import db
from edupulse.embedded import sample_office
from edupulse.finance import due
from edupulse.finance.models import Bill
from edupulse.mail.models import Delivery


def test_the_demo_has_bills_in_every_state_and_reminds_nobody_within_the_hour(
    sqlite_app: Flask, now: datetime
) -> None:
    count = sample_office.enter(now, "demo")

    with clock.frozen(now + timedelta(hours=1)):
        due.check(clock.now())

    states = Counter(db.session.scalars(db.select(Bill.state)))
    assert count == sum(states.values()) == 28
    assert states == {"paid": 15, "overdue": 6, "open": 7}
    assert db.session.query(Delivery).count() == 0
