"""A person is entered, changed and removed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from flask import Flask

from edupulse.accounts.audit import entries_of
from edupulse.errors import Conflict, Invalid, NotFound
from edupulse.finance.models import Bill
from edupulse.people import rows
from edupulse.people.models import Person
from edupulse.transaction import transaction

ZOE = {"name": "Zoë Berg", "email": "Zoe@School.example", "external_id": "S-1"}


def test_what_is_entered_is_stored_tidied(sqlite_app: Flask, now: datetime) -> None:
    person = rows.add(
        {"name": "  Zoë   Berg ", "email": " Zoe@School.example", "locale": "中文", "phone": "+49 30 1234"},
        actor="ada",
    )

    stored = rows.existing(person.id)
    assert (stored.name, stored.email, stored.comparable) == (
        "Zoë Berg",
        "Zoe@school.example",
        "zoe@school.example",
    )
    assert (stored.locale, stored.phone, stored.external_id, stored.active) == (
        "zh",
        "+49 30 1234",
        None,
        True,
    )
    assert stored.created_at == now


def test_every_field_that_cannot_be_used_is_named_at_once(sqlite_app: Flask, now: datetime) -> None:
    with pytest.raises(Invalid) as refused:
        rows.add({"name": " ", "email": "nobody", "phone": "call me", "locale": "fr"}, actor="ada")

    assert set(refused.value.facts["fields"]) == {"name", "email", "phone", "locale"}  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "Z\nBcc: x@y.example"}, "name"),
        ({"name": "Z" * 201}, "name"),
        ({"name": "Z", "note": "bell\x07"}, "note"),
        ({"name": "Z", "shoe_size": "38"}, "shoe_size"),
        ({"name": "Z", "active": "yes"}, "active"),
    ],
)
def test_what_no_person_can_have_is_refused(
    sqlite_app: Flask, now: datetime, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        rows.add(fields, actor="ada")

    assert refused.value.facts["field"] == field


def test_a_number_belongs_to_one_person(app: Flask, now: datetime) -> None:
    rows.add(ZOE, actor="ada")

    with pytest.raises(Conflict, match="S-1 is Zoë Berg's already"):
        rows.add({"name": "Li Wei", "external_id": "S-1"}, actor="ada")


def test_the_same_name_with_the_same_address_is_one_person(sqlite_app: Flask, now: datetime) -> None:
    rows.add(ZOE, actor="ada")

    with pytest.raises(Conflict, match="here already"):
        rows.add({"name": "Zoë Berg", "email": "zoe@school.example"}, actor="ada")


def test_a_family_may_share_an_address_and_a_name(sqlite_app: Flask, now: datetime) -> None:
    rows.add(ZOE, actor="ada")

    brother = rows.add({"name": "Tom Berg", "email": "zoe@school.example"}, actor="ada")
    namesake = rows.add({**ZOE, "external_id": "S-2"}, actor="ada")

    assert {brother.comparable, namesake.comparable} == {"zoe@school.example"}


def test_a_change_leaves_what_it_does_not_name_and_is_on_record(app: Flask, now: datetime) -> None:
    person = rows.add(ZOE, actor="ada")

    changed = rows.change(person.id, {"phone": "030 55", "active": False}, actor="ben", revision=0)

    assert (changed.email, changed.phone, changed.active, changed.revision) == (
        "Zoe@school.example",
        "030 55",
        False,
        1,
    )
    entry = entries_of(f"person:{person.id}")[0]
    assert (entry.actor, entry.action) == ("ben", "person.change")
    assert entry.detail["before"] == {"phone": "", "active": True}
    assert entry.detail["after"] == {"phone": "030 55", "active": False}


def test_a_change_that_changes_nothing_leaves_no_trace(sqlite_app: Flask, now: datetime) -> None:
    person = rows.add(ZOE, actor="ada")

    same = rows.change(person.id, {"name": " Zoë Berg", "phone": ""}, actor="ben")

    assert same.revision == 0
    assert [each.action for each in entries_of(f"person:{person.id}")] == ["person.create"]


def test_who_changes_an_overtaken_person_is_told_who_changed_what(sqlite_app: Flask, now: datetime) -> None:
    person = rows.add(ZOE, actor="ada")
    rows.change(person.id, {"phone": "030 55"}, actor="ben")

    with pytest.raises(Conflict, match="ben changed phone on 2026-03-12") as refused:
        rows.change(person.id, {"name": "Zoë Huber"}, actor="ada", revision=0)

    assert refused.value.facts["revision"] == 1
    assert rows.existing(person.id).name == "Zoë Berg"


def test_an_address_can_be_taken_away(sqlite_app: Flask, now: datetime) -> None:
    person = rows.add(ZOE, actor="ada")

    changed = rows.change(person.id, {"email": "", "external_id": ""}, actor="ada")

    assert (changed.email, changed.comparable, changed.external_id) == (None, None, None)


def test_whom_nothing_names_can_be_removed(app: Flask, now: datetime) -> None:
    person = rows.add(ZOE, actor="ada")

    rows.remove(person.id, actor="ben", revision=0)

    with pytest.raises(NotFound):
        rows.existing(person.id)
    assert entries_of(f"person:{person.id}")[0].detail["before"]["external_id"] == "S-1"


def test_who_has_a_bill_is_kept(app: Flask, now: datetime) -> None:
    person = rows.add(ZOE, actor="ada")
    _bill(person)

    with pytest.raises(Conflict, match=r"records of them: 1 × bill\. Say that they have left"):
        rows.remove(person.id, actor="ben")

    assert rows.existing(person.id).name == "Zoë Berg"


@pytest.mark.parametrize("number", [0, -1, 7, 2**40])
def test_a_number_that_nobody_has_is_not_found(sqlite_app: Flask, now: datetime, number: int) -> None:
    with pytest.raises(NotFound):
        rows.existing(number)
    with pytest.raises(NotFound):
        rows.change(number, {"name": "Zoë"}, actor="ada")


def _bill(person: Person) -> None:
    moment = person.created_at
    day = date(2026, 4, 1)
    with transaction() as session:
        session.add(
            Bill(
                number="1", person_id=person.id, title="Term", amount_minor=100, currency="EUR", issued_on=day,
                due_on=day, created_at=moment, updated_at=moment,
            )
        )  # fmt: skip
