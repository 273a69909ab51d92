"""A signed return address is made for each mail, and only ours is read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from edupulse.mail import deliver
from edupulse.mail.return_path import ReturnPaths, delivery_of, mail_from
from tests.doubles.smtp_double import SmtpDouble
from tests.mail.line import post, through

PATHS = ReturnPaths("bounces@school.example", "a secret")


def test_the_address_names_its_mail() -> None:
    address = PATHS.mail_from(123)

    assert address.startswith("bounces+123-")
    assert address.endswith("@school.example")
    assert PATHS.delivery_of(address) == 123


@pytest.mark.parametrize(
    "changed",
    [
        lambda address: address.replace("+123-", "+124-"),
        lambda address: address.replace("-", "-0", 1)[: len(address)],
        lambda address: address.replace("bounces+123-", "bounces+99999999999-"),
        lambda address: "bounces+123@school.example",
        lambda address: "bounces+123-@school.example",
        lambda address: "",
    ],
)
def test_an_address_that_we_did_not_make_names_nothing(changed: Callable[[str], str]) -> None:
    assert PATHS.delivery_of(changed(PATHS.mail_from(123))) is None


def test_another_secret_makes_another_address() -> None:
    assert ReturnPaths("bounces@school.example", "another").delivery_of(PATHS.mail_from(123)) is None


@pytest.mark.parametrize("around", ["{}", "<{}>", "rfc822; {}", "SRS0=Hf7=XY=school.example={}"])
def test_it_is_found_however_it_comes_back(around: str) -> None:
    address = around.format(PATHS.mail_from(7).upper())

    assert PATHS.delivery_of(address) == 7


def test_the_longest_one_still_fits_before_the_at() -> None:
    address = ReturnPaths("a" * 32 + "@school.example", "a secret").mail_from(2**31 - 1)

    assert len(address.partition("@")[0]) == 64


def test_mails_leave_with_it_where_it_is_set(sqlite_app: Flask, change_settings: Callable[..., None]) -> None:
    (first, second) = post(2)

    with through(SmtpDouble(), change_settings, bounce_address="bounces@school.example") as double:
        deliver.deliver([first, second])

    senders = [mail.mail_from for mail in double.accepted]
    assert [delivery_of(sender) for sender in senders] == [first, second]


def test_without_it_mails_leave_as_before(sqlite_app: Flask, change_settings: Callable[..., None]) -> None:
    (first,) = post(1)

    with through(SmtpDouble(), change_settings) as double:
        deliver.deliver([first])

    assert [mail.mail_from for mail in double.accepted] == ["office@school.example"]
    assert mail_from(first, "office@school.example") == "office@school.example"
