"""A mailing may go to everybody who is known, has an address and has not left."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask

from edupulse.errors import NotFound
from edupulse.people import rows
from edupulse.people.audience import Known


def test_who_has_left_or_has_no_address_is_not_among_them(sqlite_app: Flask, now: datetime) -> None:
    rows.add({"name": "Zoë", "email": "z@s.example", "locale": "en", "external_id": "7"}, actor="ada")
    rows.add({"name": "Ben", "email": "b@s.example", "active": False}, actor="ada")
    rows.add({"name": "Cleo"}, actor="ada")

    found = list(Known().people("active"))

    assert [(each.address, each.name, each.locale, each.fields) for each in found] == [
        ("z@s.example", "Zoë", "en", {"number": "7"})
    ]


def test_a_group_that_does_not_exist_is_not_found(sqlite_app: Flask) -> None:
    source = Known()

    assert [each.value for each in source.choices()] == ["active"]
    with pytest.raises(NotFound):
        list(source.people("asleep"))
