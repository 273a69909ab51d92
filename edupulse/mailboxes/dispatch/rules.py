"""The operator's rules for messages are kept, put in order and thrown away; each act is written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from edupulse.accounts.audit import record
from edupulse.clock import now
from edupulse.database import db
from edupulse.errors import Conflict, NotFound
from edupulse.mailboxes.dispatch.conditions import Condition
from edupulse.mailboxes.dispatch.rule_drafts import RuleDraft, checked
from edupulse.mailboxes.models import InboundRule
from edupulse.transaction import transaction

__all__ = ["Rule", "RuleDraft", "add", "change", "checked", "existing", "listing", "move", "remove"]

MOST_RULES = 200  # each is asked of every message


@dataclass(frozen=True)
class Rule:
    """A rule as messages are held against it."""

    id: int
    name: str
    conditions: tuple[Condition, ...]
    action: str
    arguments: Mapping[str, Any]
    mailbox_id: int | None
    goes_on: bool
    enabled: bool = True


# A table, and made once: it is said for every message.
_rules = cast(Table, InboundRule.__table__)
_ACTIVE = (
    select(*(_rules.c[name] for name in Rule.__dataclass_fields__))
    .where(_rules.c.enabled)
    .order_by(_rules.c.position, _rules.c.id)
)


def listing() -> list[InboundRule]:
    """Return all rules in the order in which they are asked."""
    return list(db.session.scalars(select(InboundRule).order_by(InboundRule.position, InboundRule.id)))


def existing(rule_id: int) -> InboundRule:
    """Return a rule; raises NotFound."""
    found = db.session.get(InboundRule, rule_id, populate_existing=True)
    if found is None:
        raise NotFound(f"There is no rule {rule_id}.", cure="See the list of rules.", rule_id=rule_id)
    return found


def active() -> list[Rule]:
    """Return the rules that are switched on, in their order, ready to be asked."""
    return [
        Rule(**{**row._mapping, "conditions": tuple(Condition(**each) for each in row.conditions)})
        for row in db.session.connection().execute(_ACTIVE)
    ]


def draft_rule(draft: RuleDraft) -> Rule:
    """Return a draft as a rule that is stored nowhere; raises Invalid naming the field."""
    whole = checked(draft)
    return Rule(0, whole.name, whole.asked(), whole.action, whole.arguments, whole.mailbox_id, whole.goes_on)


def draft_of(rule: InboundRule) -> RuleDraft:
    """Return what was entered about a rule."""
    names = (name for name in RuleDraft.__dataclass_fields__ if name != "conditions")
    conditions = tuple(Condition(**each) for each in rule.conditions)
    return RuleDraft(conditions=conditions, **{name: getattr(rule, name) for name in names})


def add(draft: RuleDraft, *, actor: str) -> InboundRule:
    """Store a new rule as the last one. Raises Invalid naming the field, Conflict for a name that is taken."""
    whole, moment = checked(draft), now()
    with transaction() as session:
        _refuse_taken(session, whole.name)
        count, last = session.execute(select(func.count(), func.max(InboundRule.position))).one()
        if count >= MOST_RULES:
            raise Conflict(f"There are {MOST_RULES} rules already.", cure="Remove one that is not needed.")
        rule = InboundRule(position=(last or 0) + 1, created_at=moment, updated_at=moment, **_values(whole))
        session.add(rule)
        session.flush()
        record(actor, "inbound_rule.add", _subject(rule.id), name=rule.name, after=_values(whole))
    return rule


def change(
    rule_id: int, draft: RuleDraft, *, actor: str, seen: RuleDraft | None = None, opened: str = ""
) -> InboundRule:
    """Store what was changed; what is already so changes nothing.

    `seen` is what the rule said when the change was made up, `opened` its `updated_at` then (ISO 8601): somebody
    else's change since raises Conflict.
    Raises NotFound, Invalid too.
    """
    whole = checked(draft)
    with transaction() as session:
        rule = existing(rule_id)
        before = draft_of(rule)
        if before == whole:
            return rule
        if seen not in (None, before) or opened not in ("", rule.updated_at.isoformat()):
            raise Conflict(
                "Somebody else changed this rule meanwhile.",
                cure="Look at it again, then save again to let yours stand.",
                rule_id=rule_id,
            )
        _refuse_taken(session, whole.name, but=rule_id)
        for name, value in _values(whole).items():
            setattr(rule, name, value)
        rule.updated_at = now()
        session.flush()
        was, is_now = _values(before), _values(whole)
        changed = [name for name, value in is_now.items() if value != was[name]]
        record(
            actor,
            "inbound_rule.change",
            _subject(rule_id),
            changed=changed,
            before={name: was[name] for name in changed},
            after={name: is_now[name] for name in changed},
        )
    return rule


def remove(rule_id: int, *, actor: str) -> None:
    """Throw a rule away; what it has done stays on record. Raises NotFound."""
    with transaction() as session:
        rule = existing(rule_id)
        record(actor, "inbound_rule.remove", _subject(rule_id), rule=_values(draft_of(rule)))
        session.delete(rule)


def move(rule_id: int, position: int, *, actor: str = "system") -> list[InboundRule]:
    """Make a rule the `position`th from 1 on, the last if there are not so many; return all in order."""
    with transaction():
        rule, rules = existing(rule_id), listing()
        before = {"position": rule.position}
        rules.remove(rule)
        rules.insert(max(0, min(position - 1, len(rules))), rule)
        for place, each in enumerate(rules, start=1):
            each.position = place
        after = {"position": rule.position}
        record(actor, "inbound_rule.move", _subject(rule_id), before=before, after=after)
    return rules


def _values(draft: RuleDraft) -> dict[str, Any]:
    return {**vars(draft), "conditions": [vars(each) for each in draft.asked()]}


def _refuse_taken(session: Session, name: str, *, but: int = 0) -> None:
    taken = select(InboundRule.id).where(InboundRule.name == name, InboundRule.id != but)
    if session.scalar(taken) is not None:
        raise Conflict(f"There is a rule “{name}” already.", cure="Choose another name.", field="name")


def _subject(rule_id: int) -> str:
    return f"inbound_rule:{rule_id}"
