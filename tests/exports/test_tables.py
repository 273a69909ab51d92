"""Every table can be read and narrowed, by those who see it on the pages, without what nobody may see."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import Column, ForeignKey, Integer, MetaData
from sqlalchemy import Table as Stored

from edupulse import clock
from edupulse.accounts.models import ROLES
from edupulse.errors import Invalid
from edupulse.exports.formats import FORMATS
from edupulse.exports.table import columns
from edupulse.exports.tables import TABLES, for_role, known
from edupulse.exports.writing import write
from edupulse.finance.models import Bill, Payment
from edupulse.operations import role_of
from edupulse.people.models import Person
from edupulse.transaction import transaction
from tests.exports.readers import an_export, mails, table_of
from tests.rows import an_event

PAGES = {
    "deliveries": "deliveries.index", "attempts": "deliveries.show", "bounces": "deliveries.show",
    "suppressions": "suppressions.index", "campaigns": "campaigns.index", "recipients": "campaign_recipients.index",
    "messages": "messages.index", "events": "events.index", "attendees": "events.show", "reminders": "events.show",
    "people": "people.index", "bills": "bills.index", "payments": "bills.show", "bill_reminders": "bills.show",
    "runs": "jobs.index", "audit": "audit.index", "users": "users.index",
}  # fmt: skip
FILTERS = {"since": "2026-03-12", "until": "2026-03-12"}


def test_a_table_is_for_those_who_see_its_page() -> None:
    needed = {key: role_of("web", PAGES[key]) for key in TABLES}

    assert needed == {key: table.role for key, table in TABLES.items()}
    assert [table.key for table in for_role("operator")] == [
        key for key in TABLES if key not in ("audit", "users")
    ]
    assert [table.key for table in for_role(ROLES[-1])] == list(TABLES)


def test_no_secret_and_nothing_that_people_wrote_is_in_a_table() -> None:
    names = {column.name for table in TABLES.values() for column in table.columns}
    sources = {str(column.source) for table in TABLES.values() for column in table.columns}

    secret = (
        "password",
        "hash",
        "sealed",
        "session_key",
        "token",
        "oauth",
        "traceback",
        "snippet",
        "html",
        "claim",
    )
    assert not [name for name in {*names, *sources} for word in secret if word in name.lower()]


def test_every_value_that_a_table_can_hold_is_written_in_every_format() -> None:
    moment = datetime(2026, 3, 12, 9, tzinfo=UTC)
    values = {
        "String": "EUR", "Text": "Zoë", "Integer": 7, "BigInteger": 7, "Boolean": True, "JSON": {"a": [1]},
        "Date": moment.date(), "DateTime": moment.replace(tzinfo=None), "UtcDateTime": moment,
    }  # fmt: skip
    for table in TABLES.values():
        row = [values[type(each.source.type).__name__] for each in table.columns]
        for format in FORMATS.values():
            assert format.encoder(table.columns, "Europe/Berlin")([row])


def test_what_refers_to_a_table_that_comes_later_is_a_number() -> None:
    """Else its kind hung on the order in which modules are imported, and an export with such a number failed."""
    metadata = MetaData()
    letter = Stored("letter", metadata, Column("sender_id", ForeignKey("sender.id")))
    (found,) = columns(letter.c.sender_id)

    Stored("sender", metadata, Column("id", Integer, primary_key=True))

    assert found.kind == "number"


def test_each_table_is_written_with_all_its_filters(app: Flask, now: datetime) -> None:
    outcomes = [write(an_export(key, "jsonl", **_every_filter(key)).id, now) for key in TABLES]

    assert outcomes == [{"state": "done", "rows": 0, "bytes": 0}] * len(TABLES)


def test_days_are_those_of_the_organisation_and_both_included(sqlite_app: Flask, now: datetime) -> None:
    numbers = []
    for hours in (-34, -33, 14, 15):  # Berlin is an hour ahead: the 11th begins on the 10th at 23:00 UTC
        with clock.frozen(now + timedelta(hours=hours)):
            numbers += mails(1)
    export = an_export(since="2026-03-11", until="2026-03-12")

    write(export.id, now)

    assert [int(row["id"]) for row in table_of(export.id)] == numbers[1:3]


def test_bills_and_payments_are_written_to_the_cent(sqlite_app: Flask, now: datetime) -> None:
    with transaction() as session:
        zoe = Person(name="=Zoë", external_id="S-1", created_at=now, updated_at=now)
        times = {"created_at": now, "issued_on": now.date(), "due_on": now.date()}
        bill = Bill(
            number="2026-1", person=zoe, title="March", amount_minor=123_456_789_01, paid_minor=5, currency="EUR",
            updated_at=now, **times,
        )  # fmt: skip
        yen = Bill(
            number="2", person=zoe, title="T", amount_minor=1200, currency="JPY", updated_at=now, **times
        )
        bill.payments = [
            Payment(
                amount_minor=-5,
                currency="EUR",
                received_on=now.date(),
                method="cash",
                actor="a",
                created_at=now,
            )
        ]
        session.add_all([bill, yen])
    bills, payments = an_export("bills"), an_export("payments", currency="eur")

    write(bills.id, now)
    write(payments.id, now)

    rows = table_of(bills.id)
    assert [(row["amount"], row["paid"], row["currency"]) for row in rows] == [
        ("123456789.01", "0.05", "EUR"),
        ("1200", "0", "JPY"),
    ]
    assert rows[0]["person"] == "'=Zoë"
    assert [(row["number"], row["amount"]) for row in table_of(payments.id)] == [("2026-1", "-0.05")]


def test_a_joined_table_says_what_its_rows_belong_to(sqlite_app: Flask, now: datetime) -> None:
    event = an_event("Clay")
    export = an_export("attendees", event=str(event.id))

    write(export.id, now)

    assert [(row["event"], row["email"]) for row in table_of(export.id)] == [("Clay", "zoe@school.example")]


@pytest.mark.parametrize(
    ("filters", "field"),
    [
        ({"since": "12.3.2026"}, "since"),
        ({"until": "0001-01-01"}, "until"),
        ({"state": "gone"}, "state"),
        ({"mailing": "-1"}, "mailing"),
        ({"mailing": "99999999999999999999"}, "mailing"),
        ({"kind": "x\0"}, "kind"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_filter_that_cannot_be_meant_is_named(
    sqlite_app: Flask, filters: dict[str, str], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        known("deliveries").checked(filters)

    assert refused.value.facts["field"] == field


def _every_filter(key: str) -> dict[str, str]:
    named = {each.name: each.choices[0] if each.choices else "7" for each in TABLES[key].filters}
    return {**named, **(FILTERS if TABLES[key].at is not None else {})}
