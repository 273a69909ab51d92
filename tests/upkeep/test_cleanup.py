"""What has been kept long enough goes, and nothing that a promise rests on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import event, func, select, update

from edupulse.accounts.audit import entries_of, record
from edupulse.accounts.models import ApiToken, AuditEntry, SignInAttempt
from edupulse.accounts.users import create_user
from edupulse.clock import frozen, now
from edupulse.database import Model, db
from edupulse.errors import Invalid, NotFound
from edupulse.exports.models import Export
from edupulse.finance.models import BillReminder
from edupulse.mail.models import OPEN_STATES, Attempt, Delivery, DeliveryContent
from edupulse.mailboxes.models import InboundMessage
from edupulse.notifications.models import Notification
from edupulse.reminders.models import Event, Reminder
from edupulse.reports.models import Report
from edupulse.storage import storage
from edupulse.transaction import transaction
from edupulse.upkeep import cleanup, old_messages, old_rows
from edupulse.upkeep.classes import CLASSES, chosen
from tests.mailboxes.boxes import a_mailbox
from tests.rows import a_delivery, an_event
from tests.upkeep.old_things import (
    a_bill_reminder,
    a_message,
    a_report,
    an_action,
    an_export,
    long_ago,
)

ChangeSettings = Callable[..., None]


@pytest.fixture
def everything_goes(change_settings: ChangeSettings) -> None:
    """Nothing is kept for ever, so that whatever stays does so for a reason."""
    change_settings(data_keep_days={each.key: 100 for each in CLASSES if each.setting == "DATA_KEEP_DAYS"})


def count(model: type[Model]) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def rows_of(results: list[cleanup.Result]) -> dict[str, int]:
    return {each.key: each.rows for each in results if each.rows}


@pytest.mark.usefixtures("everything_goes", "now")
def test_the_text_and_the_tries_of_an_old_mail_go_and_the_mail_stays(app: Flask) -> None:
    with frozen(long_ago()):
        a_delivery("sent", attempts=2)
    a_delivery("sent")

    results = cleanup.run(now())

    assert rows_of(results) == {"letters": 1, "attempts": 2}
    assert (count(Delivery), count(DeliveryContent), count(Attempt)) == (2, 1, 1)


@pytest.mark.usefixtures("everything_goes", "now")
@pytest.mark.parametrize("state", [*OPEN_STATES, "unknown"])
def test_nothing_of_a_mail_goes_that_is_open_or_in_doubt(sqlite_app: Flask, state: str) -> None:
    with frozen(long_ago()):
        a_delivery(state)

    assert rows_of(cleanup.run(now())) == {}

    assert (count(Delivery), count(DeliveryContent), count(Attempt)) == (1, 1, 1)


@pytest.mark.usefixtures("everything_goes", "now")
def test_a_mail_whose_text_has_gone_is_still_not_sent_again(sqlite_app: Flask) -> None:
    with frozen(long_ago()):
        first = a_delivery("sent", key="reminder:7:1:zoe@school.example")
    cleanup.run(now())

    known = db.session.scalars(select(Delivery).where(Delivery.key == first.key)).all()

    assert [each.state for each in known] == ["sent"]


@pytest.mark.usefixtures("everything_goes", "now")
def test_what_an_old_message_said_goes_and_that_it_came_stays(app: Flask) -> None:
    message = a_message()
    key, size = message.storage_key, message.size

    results = cleanup.run(now(), ["inbound"])

    stays = db.session.get(InboundMessage, message.id, populate_existing=True)
    assert (results[0].rows, results[0].bytes) == (1, size)
    assert stays is not None
    assert (stays.subject, stays.event, stays.snippet) == ("Oil painting", None, "")
    assert not storage().exists(key)
    with pytest.raises(NotFound):
        storage().open(stays.storage_key)
    assert rows_of(cleanup.run(now(), ["inbound"])) == {}


@pytest.mark.usefixtures("everything_goes", "now")
def test_many_messages_go_in_batches_whose_lock_does_not_wait_for_the_search(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(old_messages, "AT_ONCE", 2)
    monkeypatch.setattr(old_rows, "AT_ONCE", 2)
    mailbox = a_mailbox()
    for number in range(5):
        a_message(mailbox, b"%d" % number)
        with frozen(long_ago()):
            record("ada", "event.cancel", f"event:{number}")
    searched: list[bool] = []

    def note(_: object, __: object, statement: str, *rest: object) -> None:
        if "LIMIT" in statement and "ORDER BY" in statement:
            searched.append(bool(db.session().info.get("in_transaction")))

    event.listen(db.engine, "before_cursor_execute", note)
    went = rows_of(cleanup.run(now(), ["inbound", "audit"]))
    event.remove(db.engine, "before_cursor_execute", note)

    assert went == {"inbound": 5, "audit": 5}
    assert (len(searched) > 6, any(searched)) == (True, False)


@pytest.mark.usefixtures("everything_goes", "now")
@pytest.mark.parametrize(
    "values", [{"state": "stored"}, {"state": "quarantined"}, {"attention": True}], ids=str
)
def test_a_message_stays_whole_that_waits_for_somebody(sqlite_app: Flask, values: dict[str, object]) -> None:
    message = a_message(**values)

    assert rows_of(cleanup.run(now(), ["inbound"])) == {}

    assert storage().read(message.storage_key) == b"Dear all"


@pytest.mark.usefixtures("everything_goes", "now")
@pytest.mark.parametrize("state", ["pending", "failed", "dead"])
def test_a_message_stays_whole_with_which_a_handler_is_not_done(sqlite_app: Flask, state: str) -> None:
    message = a_message()
    an_action(message, state)

    assert rows_of(cleanup.run(now(), ["inbound"])) == {}

    assert storage().exists(message.storage_key)


@pytest.mark.usefixtures("everything_goes", "now")
def test_the_same_message_of_another_mailbox_keeps_the_bytes(sqlite_app: Flask) -> None:
    a_message()
    waits = a_message(attention=True)

    cleanup.run(now(), ["inbound"])

    assert storage().read(waits.storage_key) == b"Dear all"


@pytest.mark.usefixtures("everything_goes", "now")
@pytest.mark.parametrize(("state", "goes"), [("sent", 1), ("unknown", 0), ("deferred", 0)])
def test_a_past_event_goes_unless_a_mail_of_it_is_open_or_in_doubt(
    sqlite_app: Flask, state: str, goes: int
) -> None:
    with frozen(long_ago()):
        an_event()
    mail = a_delivery(state)
    with transaction() as session:
        session.execute(update(Reminder).values(state="handed_over", delivery_id=mail.id))

    results = rows_of(cleanup.run(now(), ["events"]))

    assert results.get("events", 0) == goes
    assert (count(Event), count(Delivery)) == (1 - goes, 1)


@pytest.mark.usefixtures("everything_goes", "now")
def test_reminders_go_of_bills_that_are_over(app: Flask) -> None:
    sent = a_delivery("sent")
    doubtful = a_delivery("unknown")
    a_bill_reminder("paid", delivery_id=sent.id)
    stay = [
        a_bill_reminder("overdue", delivery_id=sent.id),
        a_bill_reminder("void", state="planned"),
        a_bill_reminder("paid", delivery_id=doubtful.id),
    ]
    ids = [each.id for each in stay]

    assert rows_of(cleanup.run(now(), ["bill_reminders"])) == {"bill_reminders": 1}

    db.session.rollback()
    assert list(db.session.scalars(select(BillReminder.id).order_by(BillReminder.id))) == ids


@pytest.mark.usefixtures("now")
def test_reports_of_hours_go_and_those_of_days_stay(sqlite_app: Flask) -> None:
    a_report("hourly")
    a_report("hourly", starts=now() - timedelta(days=2))
    a_report("daily")

    assert rows_of(cleanup.run(now())) == {"hourly_reports": 1}

    assert sorted(db.session.scalars(select(Report.kind))) == ["daily", "hourly"]


@pytest.mark.usefixtures("everything_goes", "now")
def test_old_acts_go_but_not_the_word_that_somebody_may_be_written_to_again(sqlite_app: Flask) -> None:
    with frozen(long_ago()):
        record("ada", "event.cancel", "event:7")
        record("ada", "suppression.lift", "address:zoe@school.example")
    record("ada", "event.create", "event:8")

    assert rows_of(cleanup.run(now(), ["audit"])) == {"audit": 1}

    actions = set(db.session.scalars(select(AuditEntry.action)))
    assert actions == {"suppression.lift", "event.create", "cleanup.run"}


@pytest.mark.usefixtures("now")
def test_tokens_go_long_after_they_died(sqlite_app: Flask) -> None:
    person = create_user("ada@school.example", "Ada", "admin", "four random words here")
    with transaction() as session:
        for name, values in {
            "revoked": {"revoked_at": long_ago()},
            "expired": {"expires_at": long_ago()},
            "used": {},
            "revoked today": {"revoked_at": now()},
        }.items():
            facts = {"role": "viewer", "token_hash": name, "hint": "", "created_at": long_ago()}
            session.add(ApiToken(user_id=person.id, name=name, **facts, **values))

    assert rows_of(cleanup.run(now(), ["tokens"])) == {"tokens": 2}

    assert sorted(db.session.scalars(select(ApiToken.name))) == ["revoked today", "used"]


@pytest.mark.usefixtures("now")
def test_old_tries_to_sign_in_notifications_and_exports_go(sqlite_app: Flask) -> None:
    person = create_user("ada@school.example", "Ada", "admin", "four random words here")
    an_export("expired")
    an_export("done")
    with transaction() as session:
        for at in (long_ago(), now()):
            session.add(SignInAttempt(at=at, account="ada", address="192.0.2.1"))
            session.add(Notification(user_id=person.id, kind="job_failed", key=str(at), created_at=at))

    results = rows_of(cleanup.run(now()))

    assert results == {"exports": 1, "notifications": 1, "sign_in": 1}
    assert (count(SignInAttempt), count(Notification), count(Export)) == (1, 1, 1)


@pytest.mark.usefixtures("everything_goes", "now")
def test_a_dry_run_counts_the_same_and_deletes_nothing(sqlite_app: Flask) -> None:
    with frozen(long_ago()):
        a_delivery("sent")
    message = a_message()

    looked = rows_of(cleanup.run(now(), dry_run=True))

    assert storage().exists(message.storage_key)
    assert (count(DeliveryContent), len(entries_of("data:letters"))) == (1, 0)
    assert looked == rows_of(cleanup.run(now())) == {"letters": 1, "attempts": 1, "inbound": 1}


@pytest.mark.usefixtures("everything_goes", "now")
def test_what_went_is_on_record(sqlite_app: Flask) -> None:
    with frozen(long_ago()):
        a_delivery("sent")

    cleanup.run(now(), ["letters"], actor="ada@school.example")

    entry = entries_of("data:letters")[0]
    assert (entry.actor, entry.action, entry.facts["rows"]) == ("ada@school.example", "cleanup.run", 1)


@pytest.mark.usefixtures("now")
def test_the_setting_says_how_long_and_zero_is_for_ever(
    sqlite_app: Flask, change_settings: ChangeSettings
) -> None:
    change_settings(data_keep_days={"letters": 0, "attempts": 2000})
    with frozen(long_ago()):
        a_delivery("sent")

    results = {each.key: each for each in cleanup.run(now())}

    assert (results["letters"].until, results["letters"].rows, results["attempts"].rows) == (None, 0, 0)
    assert count(DeliveryContent) == 1


@pytest.mark.parametrize(
    "setting", [{"leters": 3}, {"notifications": 3}], ids=["unknown", "has a setting of its own"]
)
def test_a_class_that_the_setting_cannot_name_stops_all(
    sqlite_app: Flask, change_settings: ChangeSettings, setting: dict[str, int], now: datetime
) -> None:
    change_settings(data_keep_days=setting)

    with pytest.raises(Invalid, match=next(iter(setting))):
        cleanup.run(now)


def test_an_unknown_class_is_refused_with_those_that_there_are(sqlite_app: Flask, now: datetime) -> None:
    with pytest.raises(Invalid, match="letters, attempts"):
        cleanup.run(now, ["everything"])


def test_every_class_says_what_goes_and_what_stays(sqlite_app: Flask) -> None:
    assert all(each.title and each.goes.endswith(".") and each.stays.endswith(".") for each in chosen())
    assert len({each.key for each in chosen()}) == len(CLASSES)


@pytest.mark.usefixtures("everything_goes", "now")
@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_the_text_of_a_mail_stays_that_somebody_sends_again_at_that_very_moment(app: Flask) -> None:
    with frozen(long_ago()):
        mail = a_delivery("rejected")

    with db.engine.connect() as somebody:
        somebody.execute(update(Delivery).where(Delivery.id == mail.id).values(state="queued"))
        meanwhile = rows_of(cleanup.run(now()))
        somebody.commit()

    assert meanwhile == {}
    assert (rows_of(cleanup.run(now())), count(DeliveryContent)) == ({}, 1)
