"""Rules are kept, changed, put in order and thrown away by people, and each act is written down."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from edupulse.accounts.models import AuditEntry
from edupulse.database import db
from edupulse.errors import Conflict, Invalid, NotFound
from edupulse.mailboxes.dispatch import rules
from edupulse.mailboxes.dispatch.conditions import Condition
from edupulse.mailboxes.dispatch.rules import RuleDraft
from tests.mailboxes.dispatch.inbox import a_mailbox

ADA = "ada@school.example"


def add(name: str = "Invoices", **values: Any) -> int:
    facts = {"conditions": [{"field": "subject", "test": "contains", "value": "invoice"}]}
    return rules.add(RuleDraft(name, **{**facts, **values}), actor=ADA).id


def names() -> list[str]:
    return [each.name for each in rules.listing()]


def audited() -> list[str]:
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_a_rule_is_stored_as_the_last_one(app: Flask) -> None:
    for name in ("first", "second", "third"):
        add(name)

    assert names() == ["first", "second", "third"]
    assert [each.name for each in rules.active()] == names()
    assert rules.active()[0].conditions == (Condition("subject", "contains", "invoice"),)
    assert audited() == ["inbound_rule.add"] * 3


def test_a_rule_is_moved_to_a_place(app: Flask) -> None:
    ids = {name: add(name) for name in ("first", "second", "third")}

    rules.move(ids["third"], 1, actor=ADA)
    rules.move(ids["first"], 99, actor=ADA)

    assert names() == ["third", "second", "first"]


def test_a_rule_is_changed_and_what_is_already_so_changes_nothing(sqlite_app: Flask) -> None:
    rule_id = add()
    whole = rules.draft_of(rules.existing(rule_id))

    rules.change(rule_id, whole, actor=ADA)
    rules.change(rule_id, RuleDraft("Bills", goes_on=True), actor=ADA)

    assert rules.draft_of(rules.existing(rule_id)) == RuleDraft("Bills", (), goes_on=True)
    assert audited() == ["inbound_rule.add", "inbound_rule.change"]


def test_a_rule_that_is_switched_off_is_not_asked(sqlite_app: Flask) -> None:
    add(enabled=False)

    assert (rules.active(), names()) == ([], ["Invoices"])


def test_a_rule_is_thrown_away_and_what_it_said_stays_on_record(sqlite_app: Flask) -> None:
    rule_id = add()

    rules.remove(rule_id, actor=ADA)

    entry = db.session.scalar(select(AuditEntry).where(AuditEntry.action == "inbound_rule.remove"))
    assert names() == []
    assert entry is not None
    assert entry.detail["rule"]["name"] == "Invoices"
    with pytest.raises(NotFound):
        rules.existing(rule_id)


def test_no_two_rules_have_one_name(sqlite_app: Flask) -> None:
    add()

    with pytest.raises(Conflict):
        add()


def test_a_rule_may_be_for_one_mailbox(sqlite_app: Flask) -> None:
    mailbox = a_mailbox()

    assert rules.existing(add(mailbox_id=mailbox.id)).mailbox_id == mailbox.id


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", {"name": ""}),
        ("name", {"name": "a\nb"}),
        ("action", {"action": "delete"}),
        ("action", {"action": "handler:nobody"}),
        ("action", {"action": "job:nothing.here"}),
        ("action", {"action": "job:mailboxes.process"}),
        ("arguments", {"action": "job:reminders.check"}),
        ("arguments", {"arguments": {"x": 1}}),
        ("mailbox_id", {"mailbox_id": 99}),
        ("conditions", {"conditions": [{"field": "subject"}]}),
        ("conditions", {"conditions": [Condition("subject", "is", "x")] * 21}),
    ],
)
def test_what_cannot_be_a_rule_is_refused_with_the_field(
    sqlite_app: Flask, field: str, values: dict[str, Any]
) -> None:
    with pytest.raises(Invalid) as refused:
        add(**{"name": "Invoices", **values})

    assert refused.value.facts["field"] == field
    assert names() == []
