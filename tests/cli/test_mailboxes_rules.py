"""`mailboxes rules` on the command line."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.cli.conftest import Type, facts
from tests.mailboxes.dispatch.inbox import a_mail, a_mailbox, arrive

BILLS = ("--if", "subject", "contains", "bill", "--if", "from", "ends_with", "@supplier.example")


def test_a_rule_is_added_changed_moved_and_removed(type_in: Type, sqlite_app: Flask) -> None:
    bills = facts(type_in("mailboxes", "rules", "add", "Bills", *BILLS, "--json"))
    second = facts(type_in("mailboxes", "rules", "add", "Second", "--goes-on", "--json"))

    moved = facts(type_in("mailboxes", "rules", "move", "second", "1", "--json"))
    changed = facts(
        type_in("mailboxes", "rules", "change", "Bills", "--name", "Invoices", "--disabled", "--json")
    )
    removed = facts(type_in("mailboxes", "rules", "remove", str(second["id"]), "--yes", "--json"))

    assert (bills["action"], len(bills["conditions"]), second["goes_on"]) == ("handler:staff", 2, True)
    assert [each["name"] for each in moved] == ["Second", "Bills"]
    assert (changed["name"], changed["enabled"], changed["conditions"]) == (
        "Invoices",
        False,
        bills["conditions"],
    )
    assert removed["name"] == "Second"
    assert "subject contains “bill”; from ends with" in type_in("mailboxes", "rules", "list").stdout


def test_a_rule_for_one_mailbox_can_become_one_for_all(type_in: Type, sqlite_app: Flask) -> None:
    office = a_mailbox()

    one = facts(type_in("mailboxes", "rules", "add", "Here", "--mailbox", "Office", "--json"))
    every = facts(type_in("mailboxes", "rules", "change", "Here", "--mailbox", "all", "--json"))

    assert (one["mailbox_id"], every["mailbox_id"]) == (office.id, None)


def test_each_rule_and_handler_says_why_it_takes_a_message_or_not(type_in: Type, sqlite_app: Flask) -> None:
    message = arrive(a_mail(Subject="Your bill"))
    type_in("mailboxes", "rules", "add", "Bills", *BILLS)

    told = facts(type_in("mailboxes", "rules", "explain", str(message.id), "--json"))
    shown = type_in("mailboxes", "rules", "explain", str(message.id))

    assert (told[0]["name"], told[0]["fits"]) == ("Bills", False)
    assert "it is “zoe@school.example”" in told[0]["why"]
    assert [each["name"] for each in told if each["is_taken"]] == ["staff"]
    assert "built in" in shown.stdout


def test_a_rule_is_tried_before_it_is_stored(type_in: Type, sqlite_app: Flask) -> None:
    message = arrive(a_mail(Subject="Your bill"))

    words = ("explain", str(message.id), "--if", "subject", "contains", "bill", "--json")
    told = facts(type_in("mailboxes", "rules", *words))

    assert (told[0]["name"], told[0]["is_taken"]) == ("This rule", True)
    assert facts(type_in("mailboxes", "rules", "list", "--json")) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--if", "sujet", "contains", "x"), "no field of a message"),
        (("--if", "subject", "matches", "(a"), "is no pattern"),
        (("--then", "job:nothing"), "no job named"),
        (("--then", "handler:nobody"), "no handler 'nobody'"),
        (("--with", "number"), "is not KEY=VALUE"),
        (("--mailbox", "Nowhere"), "no mailbox 'Nowhere'"),
    ],
)
def test_a_rule_that_cannot_work_is_refused(
    type_in: Type, sqlite_app: Flask, words: tuple[str, ...], said: str
) -> None:
    refused = type_in("mailboxes", "rules", "add", "Bills", *words)

    assert (refused.exit_code, said in refused.stderr) == (1, True)
    assert facts(type_in("mailboxes", "rules", "list", "--json")) == []


def test_a_rule_that_does_not_exist_is_said(type_in: Type, sqlite_app: Flask) -> None:
    refused = type_in("mailboxes", "rules", "remove", "99", "--yes")

    assert (refused.exit_code, "mailboxes rules list" in refused.stderr) == (1, True)
