"""An office whose words and numbers never end, for pages that must stay within the screen."""

from __future__ import annotations

from datetime import timedelta

from edupulse.accounts.users import find_user
from edupulse.clock import now
from edupulse.exports.models import Export
from edupulse.finance import payments
from edupulse.finance.money import LARGEST
from edupulse.notifications.models import Notification
from edupulse.reports import making
from edupulse.transaction import transaction
from edupulse.upkeep.models import Backup
from tests.web.bill_rows import a_bill, a_person


def an_office_with_long_words(reader: str) -> None:
    """Store person 1, bills 1 and 2, report 1, export 1, backup 1 and a notification to `reader`."""
    person = a_person(
        "W" * 200, "p" * 60 + "@" + "s" * 50 + ".example", external_id="N" * 100, note="T" * 900
    )
    bill = a_bill(person, LARGEST, title="T" * 200, number="B" * 60, note="N" * 1000)
    payments.pay(bill.id, 100, actor="a" * 300, reference="R" * 120, note="N" * 300)
    a_bill(person, 85, days=-20, currency="JPY")
    making.make("daily", now=now())
    moment, words = now(), "E" * 400
    with transaction() as session:
        session.add(
            Export(
                table="deliveries", format="csv", actor="a" * 300, role="admin", state="failed", error=words,
                filters={"address": "f" * 300}, created_at=moment, rows=10**9, total=10**9,
            )
        )  # fmt: skip
        session.add(
            Backup(
                name="edupulse-" + "9" * 60, host="h" * 150, state="failed", error=words, actor="a" * 300,
                started_at=moment - timedelta(days=1), contents={},
            )
        )  # fmt: skip
        facts = {"table": "t" * 40, "error": words, "export_id": 1}
        session.add(
            Notification(
                user_id=find_user(reader).id, kind="export_failed", key="k", facts=facts, created_at=moment
            )
        )
