"""What a person enters about a mailbox is put right where it is clear, and refused by name where it is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from edupulse.errors import Invalid
from edupulse.mailboxes.drafts import MailboxDraft, checked
from tests.mailboxes.accounts.drafts import (
    CLIENT_SECRET,
    PASSWORD,
    a_google_mailbox,
    a_mailbox,
    a_microsoft_mailbox,
)

pytestmark = pytest.mark.usefixtures("sqlite_app")


def problems(draft: MailboxDraft, kept: tuple[str, ...] | None = ()) -> dict[str, str]:
    """Return the refusal's sentences by field, {} if there is none."""
    try:
        checked(draft, kept=kept)
    except Invalid as error:
        found: Any = error.facts["fields"]
        return dict(found)
    return {}


@pytest.mark.parametrize(("security", "port"), [("tls", 993), ("starttls", 143), ("none", 143)])
def test_the_port_follows_from_the_encryption(security: str, port: int) -> None:
    assert checked(a_mailbox(security=security)).port == port


def test_a_port_that_was_entered_stays() -> None:
    assert checked(a_mailbox(port=10993)).port == 10993


def test_the_interval_is_the_usual_one_unless_it_was_entered(
    sqlite_app: Flask, change_settings: Callable[..., None]
) -> None:
    change_settings(mailbox_poll_interval=77)

    assert checked(a_mailbox()).interval_seconds == 77
    assert checked(a_mailbox(interval_seconds=30)).interval_seconds == 30


@pytest.mark.parametrize(
    ("written", "host"),
    [
        (" IMAP.Example.ORG. ", "imap.example.org"),
        ("imap.bücher.example", "imap.xn--bcher-kva.example"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]", "::1"),
        ("mail_1", "mail_1"),
    ],
)
def test_a_server_is_written_one_way(written: str, host: str) -> None:
    assert checked(a_mailbox(host=written)).host == host


@pytest.mark.parametrize(
    "host",
    [
        "",
        "https://imap.example.org",
        "imap.example.org:993",
        "a b",
        "a..b",
        "-a.example",
        "x" * 300,
        "a\r\nb",
    ],
)
def test_what_is_no_server_is_refused(host: str) -> None:
    assert "imap.example.org" in problems(a_mailbox(host=host))["host"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "  "),
        ("name", "x" * 101),
        ("name", "17"),
        ("name", "two\nlines"),
        ("port", 0),
        ("port", 65_536),
        ("port", True),
        ("port", "993"),
        ("security", "ssl"),
        ("username", ""),
        ("username", "a\r\nb"),
        ("password", "two\nlines"),
        ("password", "x" * 20_001),
        ("auth", "kerberos"),
        ("folder", " "),
        ("address", "no address"),
        ("interval_seconds", 9),
        ("interval_seconds", 86_401),
        ("after_action", "delete"),
        ("move_to", "a\0b"),
        ("staff", ("no address",)),
        ("staff", tuple(f"a{number}@school.example" for number in range(21))),
        ("largest_bytes", 0),
        ("largest_bytes", 10**10),
    ],
)
def test_a_field_that_cannot_be_used_is_named(field: str, value: Any) -> None:
    assert list(problems(a_mailbox(**{field: value}))) == [field]


def test_every_wrong_field_is_named_at_once() -> None:
    draft = MailboxDraft(port=0, folder="", staff=("x",))

    assert set(problems(draft)) == {"name", "host", "port", "username", "folder", "staff", "password"}


def test_moving_needs_another_folder_than_the_one_that_is_read() -> None:
    assert "move_to" in problems(a_mailbox(after_action="move"))
    assert "move_to" in problems(a_mailbox(after_action="move", move_to="inbox"))
    assert not problems(a_mailbox(after_action="move", move_to="Done"))


def test_a_folder_to_move_to_is_forgotten_where_nothing_is_moved() -> None:
    assert checked(a_mailbox(move_to="Done", after_action="seen")).move_to == ""


def test_the_mailbox_itself_cannot_be_told_what_nobody_handles() -> None:
    assert "staff" in problems(a_mailbox(staff=("Office@school.example",)))
    assert "staff" in problems(a_mailbox(address="info@school.example", staff=("info@school.example",)))


def test_each_person_is_told_once() -> None:
    draft = checked(a_mailbox(staff=("ada@school.example", " ", "ADA@school.example", "bo@school.example")))

    assert draft.staff == ("ADA@school.example", "bo@school.example")


def test_a_password_keeps_its_blanks_and_loses_the_line_break_of_pasting() -> None:
    assert checked(a_mailbox(password=" abcd efgh \r\n")).password == " abcd efgh "


def test_what_is_lacking_for_signing_in_is_named_unless_it_is_stored() -> None:
    assert set(problems(a_mailbox(password=None))) == {"password"}
    assert set(problems(a_google_mailbox(client_secret=None, refresh_token=""))) == {
        "client_secret",
        "refresh_token",
    }
    assert set(problems(a_google_mailbox(client_id=""))) == {"client_id"}
    assert set(problems(a_microsoft_mailbox(client_secret=None))) == {"client_secret"}
    assert not problems(a_mailbox(password=None), kept=("password",))
    assert not problems(a_mailbox(password=None), kept=None)


def test_an_application_needs_a_tenant_and_a_person_does_not() -> None:
    assert set(problems(a_microsoft_mailbox(tenant="common"))) == {"tenant"}

    assert checked(a_microsoft_mailbox(tenant="", refresh_token="0.AX")).tenant == "organizations"


@pytest.mark.parametrize("tenant", ["../evil", "a/b", "a?b", "a b", "a#b"])
def test_a_tenant_cannot_lead_to_another_address(tenant: str) -> None:
    assert set(problems(a_microsoft_mailbox(tenant=tenant))) == {"tenant"}


def test_tokens_travel_unencrypted_only_within_this_machine() -> None:
    assert set(problems(a_google_mailbox(security="none"))) == {"security"}
    assert not problems(a_google_mailbox(security="none", host="127.0.0.1"))


def test_what_belongs_to_another_way_to_sign_in_is_dropped() -> None:
    with_password = checked(a_mailbox(client_secret=CLIENT_SECRET, client_id="x", tenant="y"))
    with_google = checked(a_google_mailbox(password=PASSWORD, tenant="y"))

    assert (with_password.client_secret, with_password.client_id, with_password.tenant) == (None, "", "")
    assert (with_google.password, with_google.tenant) == (None, "")


def test_a_draft_does_not_show_its_secrets() -> None:
    shown = repr(a_google_mailbox(password=PASSWORD))

    assert PASSWORD not in shown
    assert CLIENT_SECRET not in shown
    assert "refresh-token" not in shown
