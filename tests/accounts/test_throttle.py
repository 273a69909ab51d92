"""Guessing passwords is slowed down, and the rightful person is not locked out."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask

from edupulse import clock
from edupulse.accounts.signing_in import verify
from edupulse.accounts.throttle import TRIES_OF_A_PAIR, TRIES_OF_AN_ADDRESS, WINDOW, note_attempt
from edupulse.accounts.users import create_user
from edupulse.errors import Denied

PASSWORD = "four random words here"
ADA = "ada@school.example"


@pytest.fixture
def person(app: Flask, now: datetime) -> None:
    create_user(ADA, "Ada", "admin", PASSWORD)


def guess(times: int, email: str = ADA, address: str = "192.0.2.1") -> None:
    for _ in range(times):
        assert verify(email, "wrong password", address=address) is None


@pytest.mark.usefixtures("person")
def test_after_a_few_wrong_guesses_even_the_right_password_must_wait(now: datetime) -> None:
    guess(TRIES_OF_A_PAIR)

    with pytest.raises(Denied, match="Wait 15 minutes") as refusal:
        verify(ADA, PASSWORD, address="192.0.2.1")

    assert refusal.value.facts["retry_after"] == WINDOW.total_seconds()


@pytest.mark.usefixtures("person")
def test_the_person_can_still_sign_in_from_elsewhere() -> None:
    guess(TRIES_OF_A_PAIR)

    assert verify(ADA, PASSWORD, address="192.0.2.2") is not None


@pytest.mark.usefixtures("person")
def test_after_a_quarter_of_an_hour_it_is_forgotten(now: datetime) -> None:
    guess(TRIES_OF_A_PAIR)

    with clock.frozen(now + WINDOW + timedelta(seconds=1)):
        assert verify(ADA, PASSWORD, address="192.0.2.1") is not None


@pytest.mark.usefixtures("person")
def test_a_success_starts_the_counting_anew() -> None:
    guess(TRIES_OF_A_PAIR - 1)

    assert verify(ADA, PASSWORD, address="192.0.2.1") is not None
    guess(TRIES_OF_A_PAIR - 1)
    assert verify(ADA, PASSWORD, address="192.0.2.1") is not None


@pytest.mark.usefixtures("person")
def test_one_address_that_tries_many_accounts_is_stopped(now: datetime) -> None:
    for number in range(TRIES_OF_AN_ADDRESS):
        note_attempt(f"person{number}@school.example", "192.0.2.1", now)

    with pytest.raises(Denied):
        verify(ADA, PASSWORD, address="192.0.2.1")


def test_a_refused_try_is_not_counted_so_that_waiting_helps(app: Flask, now: datetime) -> None:
    guess(TRIES_OF_A_PAIR)
    with clock.frozen(now + WINDOW - timedelta(seconds=30)), pytest.raises(Denied, match="Wait 1 minute and"):
        verify(ADA, PASSWORD, address="192.0.2.1")

    with clock.frozen(now + WINDOW + timedelta(seconds=1)):
        guess(1)
