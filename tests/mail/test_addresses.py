"""Addresses of the world: accepted as people write them, refused with the field's name, compared fairly."""

from __future__ import annotations

import pytest

from edupulse.errors import Invalid
from edupulse.mail.addresses import parse_address, parse_named


@pytest.mark.parametrize(
    ("written", "mailbox"),
    [
        ("Ann@Example.ORG", "Ann@example.org"),
        ("  ann@example.org ", "ann@example.org"),
        ("o'brien+piano@x.co.uk", "o'brien+piano@x.co.uk"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("张伟@例子.中国", "张伟@xn--fsqu00a.xn--fiqs8s"),
        ("root@localhost.localdomain", "root@localhost.localdomain"),
        ("ann@mail.test", "ann@mail.test"),
    ],
)
def test_an_address_becomes_what_smtp_can_say(written: str, mailbox: str) -> None:
    assert parse_address(written).mailbox == mailbox


@pytest.mark.parametrize(
    "written",
    [
        "",
        "ann",
        "ann@",
        "@example.org",
        "ann@localhost",
        "a b@example.org",
        "ann@example..org",
        "ann@@example.org",
        "ann@example.org, bob@example.org",
        "ann＠example.org",
        f"ann@{'a' * 64}.example",
    ],
)
def test_what_is_no_address_is_refused_by_the_name_of_its_field(written: str) -> None:
    with pytest.raises(Invalid, match="guest") as refusal:
        parse_address(written, field="guest")

    assert refusal.value.facts["field"] == "guest"


@pytest.mark.parametrize("character", ["\r", "\n", "\0", "\x7f", "\x1b"])
def test_requirement_26_nothing_that_steers_gets_in(character: str) -> None:
    with pytest.raises(Invalid, match="control character"):
        parse_address(f"ann@example.org{character}Bcc: bob@example.org")


def test_two_spellings_are_one_person() -> None:
    assert parse_address("Ann@EXAMPLE.org").comparable == parse_address("ann@example.org").comparable


def test_only_a_mailbox_name_outside_ascii_needs_smtputf8() -> None:
    assert parse_address("zoë@example.org").needs_smtputf8
    assert not parse_address("zoe@bücher.example").needs_smtputf8


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Kunstschule <office@school.example>", "Kunstschule"),
        ('"Müller, Zoë" <office@school.example>', "Müller, Zoë"),
        ("<office@school.example>", ""),
        ("office@school.example", ""),
    ],
)
def test_a_name_before_the_address_is_split_off(written: str, name: str) -> None:
    assert parse_named(written) == (name, parse_address("office@school.example"))
