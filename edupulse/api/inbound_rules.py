"""`/inbound-rules`: what an operator wants done with some messages; kept, put in order, tried on a message."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import Field

from edupulse.api.answers import facts_of
from edupulse.api.gate import actor
from edupulse.api.noun import Noun
from edupulse.api.schema import LARGEST_NUMBER, Body, ListOf, Number, Shown, Text
from edupulse.mailboxes.dispatch import planning as dispatch
from edupulse.mailboxes.dispatch import rules
from edupulse.mailboxes.dispatch.planning import Explained
from edupulse.mailboxes.dispatch.rule_drafts import MOST_CONDITIONS
from edupulse.mailboxes.dispatch.rules import RuleDraft

noun = Noun("inbound_rules", __name__, url_prefix="/inbound-rules")

ALL_MAILBOXES = 0  # how a call says that a rule is for every mailbox: null means that nothing is said


class Condition(Body):
    """One thing that must hold, such as subject, contains, “trip”."""

    field: Text
    test: Text
    value: Text


class RuleWords(Body):
    """What may be said about a rule."""

    name: Text | None = None
    conditions: list[Condition] | None = Field(
        None, max_length=MOST_CONDITIONS, description="All of them must hold; none means every message."
    )
    action: Text | None = Field(None, description="handler:NAME, or job:NAME of the catalog.")
    arguments: dict[Text, Any] | None = Field(None, description="Of the job, beside message_id.")
    mailbox_id: int | None = Field(None, ge=0, le=LARGEST_NUMBER, description="0: for every mailbox.")
    goes_on: bool | None = Field(None, description="The rules behind it are asked too.")
    enabled: bool | None = None


class NewRule(RuleWords):
    """A rule that is asked after all others."""

    name: Text


class RulePlace(Body):
    """The place in the order of asking, from 1 on."""

    position: Number


class RuleTrial(Body):
    """A message, and a rule that is stored nowhere and asked before all others."""

    message_id: Number
    rule: RuleWords | None = None


class Rule(Shown):
    """What an operator wants done with some messages."""

    id: int
    position: int
    name: str
    conditions: list[Condition]
    action: str
    arguments: dict[str, Any]
    mailbox_id: int | None
    goes_on: bool
    enabled: bool
    created_at: datetime
    updated_at: datetime


class RemovedRule(Shown):
    """The number of the rule that is gone."""

    removed: int


@noun.get("/", gives=ListOf[Rule])
def list_rules() -> dict[str, Any]:
    """List them in the order in which they are asked."""
    return {"items": [facts_of(rule, Rule) for rule in rules.listing()]}


@noun.post("/", body=NewRule, gives=Rule, status=201)
def add(body: NewRule) -> dict[str, Any]:
    """Store a new rule as the last one."""
    return facts_of(rules.add(_draft(body, RuleDraft(name="")), actor=actor()), Rule)


@noun.post("/explain/", body=RuleTrial, gives=ListOf[Explained])
def explain(body: RuleTrial) -> dict[str, Any]:
    """Say what each rule would make of the message `message_id`, with the unsaved `rule` before all others."""
    draft = _draft(body.rule, RuleDraft(name="This rule")) if body.rule else None
    return {"items": dispatch.explain(body.message_id, draft)}


@noun.get("/<int:rule_id>/", gives=Rule)
def show(rule_id: int) -> dict[str, Any]:
    """Show one rule."""
    return facts_of(rules.existing(rule_id), Rule)


@noun.patch("/<int:rule_id>/", body=RuleWords, gives=Rule)
def change(rule_id: int, body: RuleWords) -> dict[str, Any]:
    """Change what is named; `mailbox_id` 0 makes it a rule for every mailbox."""
    seen = rules.draft_of(rules.existing(rule_id))
    return facts_of(rules.change(rule_id, _draft(body, seen), actor=actor(), seen=seen), Rule)


@noun.delete("/<int:rule_id>/", gives=RemovedRule)
def remove(rule_id: int) -> dict[str, int]:
    """Throw a rule away; what it has done stays on record."""
    rules.remove(rule_id, actor=actor())
    return {"removed": rule_id}


@noun.post("/<int:rule_id>/position/", body=RulePlace, gives=ListOf[Rule])
def move(rule_id: int, body: RulePlace) -> dict[str, Any]:
    """Make it the `position`th that is asked, from 1 on; answers with all in their new order."""
    return {"items": [facts_of(rule, Rule) for rule in rules.move(rule_id, body.position, actor=actor())]}


def _draft(body: RuleWords, before: RuleDraft) -> RuleDraft:
    values = body.said()
    if values.get("mailbox_id") == ALL_MAILBOXES:
        values["mailbox_id"] = None
    if "conditions" in values:
        values["conditions"] = tuple(each.model_dump() for each in values["conditions"])
    return replace(before, **values)
