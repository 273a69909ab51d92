"""People who sign in: made once, checked, switched off."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import select

from edupulse.accounts.audit import entries_of, record
from edupulse.accounts.models import AuditEntry, User
from edupulse.accounts.signing_in import verify
from edupulse.accounts.users import (
    anyone_exists,
    create_user,
    find_user,
    set_active,
    set_password,
    set_role,
    user_of_session,
)
from edupulse.database import db
from edupulse.errors import Conflict, Invalid, NotFound
from edupulse.transaction import transaction

PASSWORD = "four random words here"


def test_a_person_is_made_with_a_lower_case_address_and_no_readable_password(
    app: Flask, now: datetime
) -> None:
    person = create_user(" Ada@School.Example ", "Ada", "admin", PASSWORD)

    assert (person.email, person.role, person.created_at) == ("ada@school.example", "admin", now)
    assert PASSWORD not in person.password_hash


def test_the_same_address_cannot_be_made_twice(app: Flask) -> None:
    create_user("ada@school.example", "Ada", "admin", PASSWORD)

    with pytest.raises(Conflict, match="can already sign in"):
        create_user("ADA@school.example", "Ada", "viewer", PASSWORD)


@pytest.mark.parametrize(
    ("email", "role", "password", "field"),
    [
        ("ada", "admin", PASSWORD, "email"),
        ("ada@school.example\r\nBcc: x@y.example", "admin", PASSWORD, "email"),
        ("ada@school.example", "king", PASSWORD, "role"),
        ("ada@school.example", "admin", "short", "password"),
        ("ada@school.example", "admin", "ADA@school.example", "password"),
        ("ada@school.example", "admin", "aaaaaaaaaaaa", "password"),
        ("ada@school.example", "admin", "x" * 201, "password"),
    ],
)
def test_what_cannot_be_used_is_refused_by_field(
    sqlite_app: Flask, email: str, role: str, password: str, field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        create_user(email, "Ada", role, password)

    assert refusal.value.facts["field"] == field
    assert not anyone_exists()


def test_the_right_password_finds_the_person_and_notes_the_visit(app: Flask, now: datetime) -> None:
    create_user("ada@school.example", "Ada", "admin", PASSWORD)

    person = verify("Ada@school.example", PASSWORD)

    assert person is not None
    assert db.session.get_one(User, person.id).last_seen_at == now


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(sqlite_app: Flask) -> None:
    create_user("ada@school.example", "Ada", "admin", PASSWORD)

    assert verify("ada@school.example", "not the password") is None
    assert verify("nobody@school.example", PASSWORD) is None


def test_a_person_who_was_switched_off_cannot_sign_in(sqlite_app: Flask) -> None:
    create_user("ada@school.example", "Ada", "operator", PASSWORD)

    set_active("ada@school.example", False)

    assert verify("ada@school.example", PASSWORD) is None
    assert not anyone_exists()


@pytest.mark.parametrize(
    "deed",
    [
        lambda: set_password("ada@school.example", PASSWORD + "!"),
        lambda: [set_active("ada@school.example", active) for active in (False, True)],
    ],
)
def test_a_new_password_and_switching_end_every_session(sqlite_app: Flask, deed: object) -> None:
    person = create_user("ada@school.example", "Ada", "operator", PASSWORD)
    before = person.session_key

    deed()  # type: ignore[operator]

    assert user_of_session(before) is None


def test_another_role_counts_at_once(sqlite_app: Flask) -> None:
    create_user("ada@school.example", "Ada", "viewer", PASSWORD)

    set_role("ada@school.example", "operator")

    assert find_user("ada@school.example").may("operator")
    assert not find_user("ada@school.example").may("admin")


def test_somebody_who_does_not_exist_is_said_so(sqlite_app: Flask) -> None:
    with pytest.raises(NotFound, match="Nobody signs in"):
        set_role("nobody@school.example", "admin")


def test_every_change_of_a_person_is_in_the_audit_log_without_the_password(sqlite_app: Flask) -> None:
    person = create_user("ada@school.example", "Ada", "viewer", PASSWORD, actor="cli:root")
    set_role("ada@school.example", "admin", actor="cli:root")
    set_password("ada@school.example", PASSWORD + "!", actor="cli:root")

    entries = entries_of(f"user:{person.id}")

    assert [entry.action for entry in entries] == ["users.set_password", "users.set_role", "users.create"]
    assert {entry.actor for entry in entries} == {"cli:root"}
    assert PASSWORD not in str([entry.detail for entry in entries])


def test_an_audit_entry_falls_with_the_deed(app: Flask) -> None:
    with pytest.raises(RuntimeError, match="later"), transaction():
        record("ada@school.example", "event.create", "event:1")
        raise RuntimeError("later")

    assert db.session.scalars(select(AuditEntry)).all() == []


def test_an_audit_entry_knows_the_person_behind_the_address(app: Flask) -> None:
    person = create_user("ada@school.example", "Ada", "admin", PASSWORD)

    entry = record("ada@school.example", "event.create", "event:1", title="Drawing", at=datetime(2026, 3, 1))

    assert entry.user_id == person.id
    assert entry.detail == {"title": "Drawing", "at": "2026-03-01 00:00:00"}
