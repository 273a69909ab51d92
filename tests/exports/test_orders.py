"""Who may ask for what, and whose files are whose."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from edupulse import clock
from edupulse.accounts.models import AuditEntry
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.errors import Conflict, Denied, Invalid, NotFound
from edupulse.exports import monitor, orders
from edupulse.exports.expiry import expire
from edupulse.exports.models import Export
from edupulse.exports.rows import existing
from edupulse.exports.writing import write
from edupulse.storage import storage
from edupulse.transaction import transaction
from tests.exports.readers import ROOT, Reader, a_person, an_export, bytes_of, mails

pytestmark = pytest.mark.usefixtures("now")


def test_what_was_asked_for_is_handed_to_a_worker_and_on_record(sqlite_app: Flask) -> None:
    export = an_export(reader=a_person(), state="sent", kind=" ")

    run = db.session.get_one(JobRun, export.run_id)
    assert (run.name, run.arguments) == ("exports.export_data", {"export_id": export.id})
    assert export.filters == {"state": "sent"}
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "export.ask")).one()
    assert (entry.actor, entry.facts["table"]) == ("zoe@school.example", "deliveries")


def test_asked_for_twice_it_is_written_once(sqlite_app: Flask) -> None:
    first, again = an_export(state="sent"), an_export(state="sent")
    other = an_export(state="sent", format="xlsx")

    assert first.id == again.id != other.id


def test_nobody_has_more_under_way_than_one_may(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "MOST_UNDER_WAY", 2)
    zoe = a_person()
    first = an_export(reader=zoe)
    an_export("runs", reader=zoe)

    with pytest.raises(orders.TooMany):
        an_export("events", reader=zoe)
    again, of_another = an_export(reader=zoe), an_export("events", reader=ROOT)
    orders.cancel(first.id, reader=zoe)

    assert again.id == first.id
    assert of_another.state == "queued"
    assert an_export("events", reader=zoe).state == "queued"


@pytest.mark.parametrize("table", ["audit", "users"])
def test_nobody_takes_away_what_they_may_not_see(sqlite_app: Flask, table: str) -> None:
    with pytest.raises(Denied):
        orders.ask(table, "csv", {}, reader=a_person(role="operator"))

    assert db.session.scalars(select(Export)).all() == []


@pytest.mark.parametrize(
    ("table", "format", "field"), [("tokens", "csv", "table"), ("users", "pdf", "format")]
)
def test_what_does_not_exist_is_refused_by_field(
    sqlite_app: Flask, table: str, format: str, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        orders.ask(table, format, {}, reader=ROOT)

    assert refused.value.facts["field"] == field


def test_a_file_is_for_its_owner_and_administrators(sqlite_app: Flask, now: datetime) -> None:
    mails(2)
    owner, other = a_person(), a_person("li@school.example", "operator")
    export = an_export(reader=owner)
    write(export.id, now)

    assert bytes_of(export.id, owner) == bytes_of(export.id, ROOT)
    for look in (monitor.file, monitor.export):
        with pytest.raises(Denied):
            look(export.id, other)
    assert [each.id for each in monitor.listing(owner).items] == [export.id]
    assert monitor.listing(other).items == []
    assert existing(export.id).downloads == 2


def test_a_role_that_was_lowered_opens_no_older_file(sqlite_app: Flask, now: datetime) -> None:
    export = an_export("users", reader=a_person(role="admin"))
    write(export.id, now)

    with pytest.raises(Denied):
        monitor.file(export.id, Reader("zoe@school.example", "viewer"))


def test_a_file_whose_time_is_over_is_handed_out_no_more(
    sqlite_app: Flask, now: datetime, change_settings: Callable[..., None]
) -> None:
    change_settings(export_keep_hours=2)
    export = an_export()
    write(export.id, now)

    with clock.frozen(now + timedelta(hours=2)), pytest.raises(Conflict, match="it is expired"):
        monitor.file(export.id, ROOT)


def test_there_is_no_file_before_it_is_written(sqlite_app: Flask) -> None:
    with pytest.raises(Conflict):
        monitor.file(an_export().id, ROOT)
    with pytest.raises(NotFound):
        monitor.file(4711, ROOT)


def test_calling_off_stops_the_run_too(sqlite_app: Flask) -> None:
    export = an_export()

    orders.cancel(export.id, reader=ROOT)

    assert existing(export.id).state == "cancelled"
    assert db.session.get_one(JobRun, export.run_id).state == "cancelled"
    with pytest.raises(Conflict):
        orders.cancel(export.id, reader=ROOT)


def test_a_deleted_file_is_gone_and_the_row_stays(sqlite_app: Flask, now: datetime) -> None:
    export = an_export()
    with pytest.raises(Conflict):
        orders.delete(export.id, reader=ROOT)
    write(export.id, now)
    key = existing(export.id).storage_key or ""

    orders.delete(export.id, reader=ROOT)

    assert not storage().exists(key)
    assert existing(export.id).state == "expired"


def test_a_file_goes_when_its_time_is_over_and_takes_no_other_along(
    sqlite_app: Flask, now: datetime, change_settings: Callable[..., None]
) -> None:
    change_settings(export_keep_hours=2)
    mails(2)
    first, second = an_export(), None
    write(first.id, now)
    second = an_export()
    write(second.id, now)
    same = bytes_of(first.id) == bytes_of(second.id)
    with transaction():
        existing(second.id).expires_at = now + timedelta(hours=3)

    early = expire(now + timedelta(hours=1, minutes=59))
    late = expire(now + timedelta(hours=2))

    assert same
    assert (early["expired"], late["expired"]) == (0, 1)
    assert (existing(first.id).state, existing(first.id).storage_key) == ("expired", None)
    assert bytes_of(second.id)


@pytest.mark.parametrize(
    ("run", "state"), [("failed", "failed"), ("cancelled", "cancelled"), ("started", "queued")]
)
def test_an_export_whose_run_is_over_is_over(sqlite_app: Flask, now: datetime, run: str, state: str) -> None:
    export = an_export()
    with transaction():
        held = db.session.get_one(JobRun, export.run_id)
        held.state, held.error_message = run, "The worker ran out of memory."

    outcome = expire(now)

    assert outcome["settled"] == int(state != "queued")
    assert existing(export.id).state == state
