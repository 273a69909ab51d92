"""`mail why` and `mail suppressions` on the command line."""

from __future__ import annotations

import pytest
from flask import Flask

from edupulse.mail import suppressions
from tests.campaigns.scenes import READY, ChangeSettings, mail_to, put, tried, under_way
from tests.cli.conftest import Type, facts


@pytest.fixture(autouse=True)
def ready(sqlite_app: Flask, change_settings: ChangeSettings) -> None:
    change_settings(**READY)


def test_it_is_said_what_somebody_got_with_every_try_and_what_follows(type_in: Type) -> None:
    campaign = under_way(2)
    put(campaign, 1, state="rejected", reason="The server said no.")
    tried(mail_to(campaign, 1), "recipient_permanent", "mailbox_unknown")
    suppressions.suppress("p1@school.example", reason="No such mailbox.", source="delivery:2")

    told = type_in("mail", "why", "P1@School.example").stdout

    assert "p1@school.example: 1 rejected" in told
    assert "No such mailbox. [delivery:2]" in told
    assert "Summer courses" in told
    assert "mailbox_unknown" in told
    assert "Next: Nothing by itself." in told


def test_the_same_facts_are_told_to_machines(type_in: Type) -> None:
    campaign = under_way(2)
    tried(mail_to(campaign, 1), "sent")

    told = facts(type_in("mail", "why", "p1@school.example", "--json"))

    assert [(each["title"], len(each["attempts"])) for each in told["entries"]] == [("Summer courses", 1)]


def test_machines_too_are_told_where_a_long_story_goes_on(type_in: Type, sqlite_app: Flask) -> None:
    for _ in range(2):
        tried(mail_to(under_way(2), 1), "sent")

    told = type_in("mail", "why", "p1@school.example", "--limit", "1", "--json")

    assert "add --page" in told.stderr
    assert (
        len(
            facts(type_in("mail", "why", "p1@school.example", "--page", told.stderr.split()[-1], "--json"))[
                "entries"
            ]
        )
        == 1
    )


def test_what_a_server_says_cannot_command_the_terminal(type_in: Type) -> None:
    campaign = under_way(2)
    put(campaign, 1, state="rejected", reason="No\x1b]0;hacked\x07 mailbox")

    why = type_in("mail", "why", "p1@school.example").stdout
    listed = type_in("mail", "list", "--state", "rejected").stdout

    assert "hacked" in why
    assert "hacked" in listed
    assert not {"\x1b", "\x07"} & {*why, *listed}


def test_an_address_that_nobody_wrote_to_is_said(type_in: Type) -> None:
    assert "no mail was ever meant for this address" in type_in("mail", "why", "zoe@school.example").stdout


def test_what_is_no_address_is_refused(type_in: Type) -> None:
    refused = type_in("mail", "why", "zoe")

    assert (refused.exit_code, "not a usable e-mail address" in refused.stderr) == (1, True)


def test_an_address_is_suppressed_listed_and_lifted(type_in: Type) -> None:
    added = facts(type_in(
        "mail", "suppressions", "add", "Zoe@School.example", "--scope", "newsletter", "--reason", "She asked.", "--json"
    ))  # fmt: skip
    listed = facts(type_in("mail", "suppressions", "list", "--search", "zoe", "--json"))
    lifted = type_in("mail", "suppressions", "lift", "zoe@school.example", "--scope", "newsletter")

    assert (added["address"], added["reason"]) == ("zoe@school.example", "She asked.")
    assert [each["scope"] for each in listed] == ["newsletter"]
    assert lifted.exit_code == 0
    assert facts(type_in("mail", "suppressions", "list", "--json")) == []


def test_what_is_not_suppressed_cannot_be_lifted(type_in: Type) -> None:
    refused = type_in("mail", "suppressions", "lift", "zoe@school.example")

    assert (refused.exit_code, "is not suppressed" in refused.stderr) == (1, True)
