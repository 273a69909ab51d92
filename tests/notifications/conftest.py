"""What the tests of notifications share: people who sign in, made without the price of a password."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edupulse.accounts.models import User
from edupulse.clock import now
from edupulse.transaction import transaction

MakeUser = Callable[..., User]


def a_user(role: str = "operator", email: str = "", **values: object) -> User:
    """Store somebody who signs in."""
    email = email or f"{role}@school.example"
    person = User(
        email=email, name=role.capitalize(), role=role, password_hash="-", session_key=email, created_at=now()
    )
    for name, value in values.items():
        setattr(person, name, value)
    with transaction() as session:
        session.add(person)
    return person


@pytest.fixture
def make_user() -> MakeUser:
    return a_user
