"""Who must not be written to: added by a person with a reason, found again, lifted, and all of it written down."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask

from edupulse import clock
from edupulse.accounts.audit import entries_of
from edupulse.errors import Invalid, NotFound
from edupulse.mail import suppressions
from edupulse.mail.suppressions import add, lift, listing, of, stops_for, suppress

ADA = "ada@school.example"


def test_a_person_stops_mail_with_a_reason(app: Flask, now: datetime) -> None:
    row = add("Zoe@School.example", reason="  asked by\tphone ", actor=ADA, scope="newsletter")

    assert (row.address, row.scope, row.created_at) == ("zoe@school.example", "newsletter", now)
    assert (row.reason, row.source) == ("asked by phone", f"person:{ADA}")
    assert stops_for(["zoe@school.example"]).reason("zoe@school.example", "newsletter") == "asked by phone"
    (entry,) = entries_of("address:zoe@school.example")
    assert (entry.actor, entry.action, entry.detail["scope"]) == (ADA, "suppression.add", "newsletter")


def test_adding_twice_keeps_the_first_reason(app: Flask) -> None:
    first = add("zoe@school.example", reason="asked by phone", actor=ADA)

    again = add("zoe@school.example", reason="another", actor="bob@school.example")

    assert (again.id, again.reason) == (first.id, "asked by phone")
    assert len(entries_of("address:zoe@school.example")) == 1


@pytest.mark.parametrize(
    ("address", "reason", "scope", "field"),
    [
        ("no address", "why", "all", "address"),
        ("zoe@school.example", " ", "all", "reason"),
        ("zoe@school.example", "x" * 301, "all", "reason"),
        ("zoe@school.example", "a\0b", "all", "reason"),
        ("zoe@school.example", "why", "everything", "scope"),
    ],
)
def test_what_cannot_be_stopped_is_refused(
    sqlite_app: Flask, address: str, reason: str, scope: str, field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        add(address, reason=reason, actor=ADA, scope=scope)

    assert refusal.value.facts["field"] == field
    assert listing().items == []


def test_suppressing_says_whether_it_was_new(app: Flask) -> None:
    assert suppress("zoe@school.example", reason="full", source="delivery:1") is True
    assert suppress("Zoe@school.example", reason="full", source="delivery:2") is False
    assert suppress("zoe@school.example", reason="full", source="delivery:2", scope="reminder") is True


def test_lifting_writes_down_all_that_stood_there(app: Flask, now: datetime) -> None:
    add("zoe@school.example", reason="asked by phone", actor=ADA)

    lift("Zoe@school.example", actor="bob@school.example")

    assert of("zoe@school.example") == []
    entry = entries_of("address:zoe@school.example")[0]
    assert (entry.actor, entry.action) == ("bob@school.example", "suppression.lift")
    assert (entry.detail["scope"], entry.detail["reason"]) == ("all", "asked by phone")
    assert (entry.detail["source"], entry.detail["since"]) == (f"person:{ADA}", str(now))


def test_lifting_one_scope_leaves_the_others(app: Flask) -> None:
    for scope in suppressions.ALL_SCOPES:
        add("zoe@school.example", reason="why", actor=ADA, scope=scope)

    lift("zoe@school.example", actor=ADA, scope="reminder")

    assert [each.scope for each in of(" Zoe@school.example ")] == ["all", "newsletter"]
    with pytest.raises(NotFound):
        lift("zoe@school.example", actor=ADA, scope="reminder")


def test_only_the_source_that_stopped_mail_may_let_it_through_again(app: Flask) -> None:
    suppress("zoe@school.example", reason="full", source="delivery:1")

    assert not suppressions.lift_from("zoe@school.example", scope="all", source="delivery:2", actor=ADA)
    assert suppressions.lift_from("zoe@school.example", scope="all", source="delivery:1", actor=ADA)
    assert of("zoe@school.example") == []


def test_the_list_is_searched_and_turned_page_by_page(app: Flask, now: datetime) -> None:
    for number in range(5):
        with clock.frozen(now + timedelta(minutes=number)):
            add(
                f"p{number}@school.example",
                reason="why",
                actor=ADA,
                scope="newsletter" if number % 2 else "all",
            )
    add("100%@other.example", reason="why", actor=ADA)

    first = listing("School", size=3)
    rest = listing("school", cursor=first.next or "", size=3)

    assert [each.address[:2] for each in first.items + rest.items] == ["p4", "p3", "p2", "p1", "p0"]
    assert [each.address[:2] for each in listing(scope="newsletter").items] == ["p3", "p1"]
    assert [each.address for each in listing("%").items] == ["100%@other.example"]
    assert listing("nobody").items == []
