"""`/inbound-rules`: what an operator wants done with some messages; kept, put in order, tried on a message."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Response

from edupulse.api.answers import answer
from edupulse.api.gate import actor
from edupulse.api.noun import Noun
from edupulse.api.words import checked, said
from edupulse.errors import Invalid
from edupulse.mailboxes.dispatch import planning as dispatch
from edupulse.mailboxes.dispatch import rules
from edupulse.mailboxes.dispatch.rules import RuleDraft
from edupulse.mailboxes.models import InboundRule

noun = Noun("inbound_rules", __name__, url_prefix="/inbound-rules")

DRAFT: dict[str, type] = {
    "name": str, "conditions": list, "action": str, "arguments": dict, "mailbox_id": int, "goes_on": bool,
    "enabled": bool,
}  # fmt: skip
CONDITION: dict[str, type] = {"field": str, "test": str, "value": str}
ALL_MAILBOXES = 0  # how a call says that a rule is for every mailbox: null means that nothing is said


@noun.get("/")
def list_rules() -> Response:
    """List them in the order in which they are asked."""
    return answer({"items": [_facts(rule) for rule in rules.listing()]})


@noun.post("/")
def add() -> Response:
    """Store a new rule as the last one."""
    return answer(_facts(rules.add(_draft(said(**DRAFT), RuleDraft(name="")), actor=actor())), 201)


@noun.post("/explain/")
def explain() -> Response:
    """Say what each rule would make of the message `message_id`, with the unsaved `rule` before all others."""
    words = said(message_id=int, rule=dict)
    if "message_id" not in words:
        raise Invalid("Say which message: “message_id” is missing.", field="message_id")
    unsaved = checked(words["rule"], DRAFT, "rule.") if "rule" in words else None
    draft = None if unsaved is None else _draft(unsaved, RuleDraft(name="This rule"))
    return answer({"items": dispatch.explain(words["message_id"], draft)})


@noun.get("/<int:rule_id>/")
def show(rule_id: int) -> Response:
    """Show one rule."""
    return answer(_facts(rules.existing(rule_id)))


@noun.patch("/<int:rule_id>/")
def change(rule_id: int) -> Response:
    """Change what is named; `mailbox_id` 0 makes it a rule for every mailbox."""
    draft = _draft(said(**DRAFT), rules.draft_of(rules.existing(rule_id)))
    return answer(_facts(rules.change(rule_id, draft, actor=actor())))


@noun.delete("/<int:rule_id>/")
def remove(rule_id: int) -> Response:
    """Throw a rule away; what it has done stays on record."""
    rules.remove(rule_id, actor=actor())
    return answer({"removed": rule_id})


@noun.post("/<int:rule_id>/position/")
def move(rule_id: int) -> Response:
    """Make it the `position`th that is asked, from 1 on; answers with all in their new order."""
    position = said(position=int).get("position")
    if position is None or position < 1:
        raise Invalid("“position” must be a number from 1 on.", field="position")
    return answer({"items": [_facts(rule) for rule in rules.move(rule_id, position, actor=actor())]})


def _draft(words: dict[str, Any], before: RuleDraft) -> RuleDraft:
    values = dict(words)
    if values.get("mailbox_id") == ALL_MAILBOXES:
        values["mailbox_id"] = None
    if "conditions" in values:
        values["conditions"] = tuple(_condition(each) for each in values["conditions"])
    return replace(before, **values)


def _condition(given: object) -> dict[str, str]:
    if not isinstance(given, dict):
        raise Invalid("A condition must be an object with field, test and value.", field="conditions")
    return checked(given, CONDITION, "conditions.")


def _facts(rule: InboundRule) -> dict[str, Any]:
    names = ("id", "position", *DRAFT, "created_at", "updated_at")
    return {name: getattr(rule, name) for name in names}
