"""`notifications` on the command line."""

from __future__ import annotations

import pytest

from edupulse.notifications.notify import tell_role
from tests.cli.conftest import Type, facts
from tests.notifications.conftest import a_user

ADA = ("--user", "ada@school.example")


@pytest.fixture(autouse=True)
def _ada(sqlite_app: object) -> None:
    a_user("operator", "ada@school.example")
    for number in (1, 2):
        tell_role("operator", "bills_overdue", str(number), {"count": number})


def test_what_somebody_was_told_is_listed_and_noted_as_read(type_in: Type) -> None:
    listed = facts(type_in("notifications", "list", *ADA, "--json"))

    read = facts(type_in("notifications", "read", *ADA, str(listed[0]["id"]), "--json"))
    rest = facts(type_in("notifications", "list", *ADA, "--unread", "--json"))

    assert [each["headline"] for each in listed] == ["2 bills became overdue", "1 bill became overdue"]
    assert read["read_at"] is not None
    assert [each["id"] for each in rest] == [listed[1]["id"]]


def test_all_are_noted_as_read_at_once(type_in: Type) -> None:
    assert facts(type_in("notifications", "read", *ADA, "--all", "--json")) == {"read": 2}


def test_what_should_be_read_has_to_be_named(type_in: Type) -> None:
    refused = type_in("notifications", "read", *ADA)

    assert refused.exit_code == 1
    assert "Name one notification, or add --all." in refused.stderr


def test_how_somebody_is_told_is_shown_and_changed(type_in: Type) -> None:
    changed = facts(
        type_in("notifications", "prefer", *ADA, "bills_overdue", "--by-mail", "--not-in-site", "--json")
    )

    listed = facts(type_in("notifications", "preferences", *ADA, "--json"))
    assert (changed["in_site"], changed["by_mail"]) == (False, True)
    assert changed in listed


def test_somebody_is_spoken_to_in_another_language(type_in: Type) -> None:
    changed = facts(type_in("users", "language", "ada@school.example", "zh", "--json"))
    told = facts(type_in("notifications", "list", *ADA, "--json"))

    assert changed["locale"] == "zh"
    assert told[0]["headline"] == "有 2 张账单逾期"
