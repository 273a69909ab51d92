"""Rules in their order, then what is built in, the staff at the end; and why, before anything happens."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from edupulse.errors import Conflict, Invalid, NotFound
from edupulse.mailboxes.dispatch import planning as dispatch
from edupulse.mailboxes.dispatch import rules
from edupulse.mailboxes.dispatch.conditions import Condition
from edupulse.mailboxes.dispatch.planning import explain, plan
from edupulse.mailboxes.dispatch.rules import Rule, RuleDraft
from edupulse.mailboxes.handling import handlers
from tests.mailboxes.dispatch.inbox import a_mail, actions_of, an_event, an_inbound, arrive, store


def a_rule(name: str = "Invoices", id: int = 1, **values: Any) -> Rule:
    facts = {
        "conditions": (Condition("subject", "contains", "invoice"),), "action": "handler:staff",
        "arguments": {}, "mailbox_id": None, "goes_on": False,
    }  # fmt: skip
    return Rule(id=id, name=name, **{**facts, **values})


def everything(id: int, **values: Any) -> Rule:
    return a_rule(f"rule {id}", id, conditions=(), **values)


INVOICE = an_inbound(an_event(subject="Your Invoice 17"))


def test_what_no_rule_and_no_handler_takes_goes_to_the_staff(sqlite_app: Flask) -> None:
    (planned,) = plan(an_inbound(), [])

    assert (planned.key, planned.handler, planned.reason) == ("staff", "staff", "nobody else takes it")


def test_a_rule_comes_before_what_is_built_in_and_ends_there(sqlite_app: Flask) -> None:
    (planned,) = plan(INVOICE, [a_rule(), everything(2)])

    assert (planned.key, planned.rule) == ("rule:1", "Invoices")
    assert planned.reason == "subject contains “invoice”"


def test_a_rule_that_goes_on_leaves_the_message_to_the_others_too(sqlite_app: Flask) -> None:
    planned = plan(INVOICE, [a_rule(goes_on=True), everything(2, goes_on=True)])

    assert [each.key for each in planned] == ["rule:1", "rule:2", "staff"]


def test_a_rule_of_another_mailbox_or_one_that_is_switched_off_is_passed_over(sqlite_app: Flask) -> None:
    planned = plan(INVOICE, [a_rule(mailbox_id=9), a_rule(enabled=False)])

    assert [each.key for each in planned] == ["staff"]


def test_all_conditions_of_a_rule_must_hold(sqlite_app: Flask) -> None:
    both = (Condition("subject", "contains", "invoice"), Condition("from", "ends_with", "@elsewhere.example"))

    found = dispatch.fit(a_rule(conditions=both), INVOICE)

    assert not found.fits
    assert found.why == "from ends with “@elsewhere.example”: it is “zoe@school.example”"


@pytest.mark.parametrize("kind", ["bounce", "complaint", "auto_reply", "unsubscribe", "reply"])
def test_each_kind_has_its_handler(sqlite_app: Flask, kind: str) -> None:
    assert [each.handler for each in plan(an_inbound(kind=kind), [])] == [kind]


def test_the_handlers_are_asked_in_the_order_of_the_kinds(sqlite_app: Flask) -> None:
    names = [each.name for each in handlers() if each.name != "calendar"]

    assert names == ["bounce", "complaint", "auto_reply", "unsubscribe", "reply", "staff"]


def test_a_rule_that_cannot_be_asked_any_more_stops_nothing(sqlite_app: Flask) -> None:
    planned = plan(INVOICE, [a_rule(conditions=(Condition("colour", "is", "red"),))])

    assert [each.key for each in planned] == ["staff"]


def test_a_handler_that_fails_when_it_is_asked_stops_nothing(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(message: object) -> str:
        raise ValueError("a fault")

    monkeypatch.setattr(handlers()[0], "wants", fails)

    assert [each.handler for each in plan(an_inbound(), [])] == ["staff"]


def test_it_can_be_explained_what_is_done_with_a_message_and_what_is_not(sqlite_app: Flask) -> None:
    rules.add(RuleDraft("Invoices", [Condition("subject", "contains", "invoice")]), actor="ada")
    row = arrive(a_mail())

    told = {each.name: each for each in explain(row.id)}

    assert (told["Invoices"].fits, told["Invoices"].is_taken) == (False, False)
    assert told["Invoices"].why == "subject contains “invoice”: it is “A question”"
    assert (told["staff"].fits, told["staff"].is_taken) == (True, True)
    assert not told["bounce"].fits


def test_a_draft_can_be_tried_on_a_message_without_being_stored(sqlite_app: Flask) -> None:
    row = arrive(a_mail())

    first = explain(row.id, RuleDraft("Questions", [Condition("subject", "is", "a QUESTION")]))[0]

    assert (first.name, first.fits, first.is_taken) == ("Questions", True, True)
    assert rules.listing() == []
    assert len(actions_of(row.id)) == 1


def test_behind_a_rule_that_ends_there_nothing_is_taken(sqlite_app: Flask) -> None:
    row = arrive(a_mail())

    told = explain(row.id, RuleDraft("All"))

    assert [each.name for each in told if each.is_taken] == ["All"]
    assert [each.name for each in told if each.fits] == ["All", "staff"]


def test_only_what_was_read_can_be_explained(sqlite_app: Flask) -> None:
    with pytest.raises(Conflict):
        explain(store(a_mail()))
    with pytest.raises(NotFound):
        explain(4711)
    with pytest.raises(Invalid):
        explain(arrive(a_mail(Subject="other")).id, RuleDraft(""))
