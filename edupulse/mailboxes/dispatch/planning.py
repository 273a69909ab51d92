"""A message finds who deals with it: the operator's rules in their order, then what is built in, the staff at the end.

Deciding is pure, so it can be asked before anything happens: `plan` says what will be done, `explain` why and why not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from edupulse.logs import get_logger
from edupulse.mailboxes.dispatch.conditions import Verdict, verdict
from edupulse.mailboxes.dispatch.rule_drafts import HANDLER, RuleDraft
from edupulse.mailboxes.dispatch.rules import Rule, active, draft_rule
from edupulse.mailboxes.handling import Handler, Inbound, handlers
from edupulse.mailboxes.processing.inbound import inbound

STAFF = "staff"  # who gets what nobody else takes, and what went wrong
LONGEST_REASON = 300  # characters, as the ledger keeps them

log = get_logger(__name__)


@dataclass(frozen=True)
class Planned:
    """One thing that will be done about a message. `key` makes it happen once, however often it is planned."""

    key: str
    handler: str  # a handler's name, or job:NAME
    rule: str  # the rule's name, "" if built in
    reason: str
    arguments: dict[str, Any] = field(default_factory=dict)  # of the job


@dataclass(frozen=True)
class Explained:
    """One rule or handler that was asked about a message. `is_taken` says that it will act."""

    name: str
    is_rule: bool
    fits: bool
    why: str
    action: str
    is_taken: bool


def plan(message: Inbound, rules: Sequence[Rule]) -> list[Planned]:
    """Return what is to be done about `message`, in order; never nothing."""
    planned: list[Planned] = []
    for rule in rules:
        found = _asked_rule(rule, message)
        if found.fits:
            planned.append(_by_rule(rule, found.why))
            if not rule.goes_on:
                return planned
    return [*planned, _built_in(message)]


def fit(rule: Rule, message: Inbound) -> Verdict:
    """Say whether all that `rule` asks holds for `message`, or what does not."""
    if not rule.enabled:
        return Verdict(False, "it is switched off")
    if rule.mailbox_id not in (None, message.mailbox_id):
        return Verdict(False, "it is for another mailbox")
    found = []
    for condition in rule.conditions:
        asked = verdict(condition, message)
        if not asked.fits:
            return asked
        found.append(asked.why)
    return Verdict(True, "; ".join(found) or "it is for every message")


def explain(message_id: int, draft: RuleDraft | None = None) -> list[Explained]:
    """Say of each rule and handler whether it fits a message and why; `draft` is asked first, and stored nowhere.

    Nothing is done. Raises NotFound for a message that does not exist or was not read yet, Invalid for a draft that
    could not be stored.
    """
    message = inbound(message_id)
    rules = active() if draft is None else [draft_rule(draft), *active()]
    return explanation(message, rules)


def explanation(message: Inbound, rules: Iterable[Rule]) -> list[Explained]:
    """Say of each of `rules`, then of each built-in handler, whether it fits `message`."""
    told, is_open = [], True
    for rule in rules:
        found = _asked_rule(rule, message)
        told.append(Explained(rule.name, True, found.fits, found.why, rule.action, found.fits and is_open))
        is_open = is_open and (rule.goes_on or not found.fits)
    for handler in handlers():
        why = _asked(handler, message)
        told.append(_told(handler, why, is_taken=bool(why) and is_open))
        is_open = is_open and not why
    return told


def _told(handler: Handler, why: str, *, is_taken: bool) -> Explained:
    words = why or f"it is not for this one: {handler.summary}"
    return Explained(handler.name, False, bool(why), words, HANDLER + handler.name, is_taken)


def _by_rule(rule: Rule, why: str) -> Planned:
    return Planned(
        key=f"rule:{rule.id}",
        handler=rule.action.removeprefix(HANDLER),
        rule=rule.name,
        reason=why[:LONGEST_REASON],
        arguments=dict(rule.arguments),
    )


def _built_in(message: Inbound) -> Planned:
    for handler in handlers():
        if why := _asked(handler, message):
            return Planned(handler.name, handler.name, "", why[:LONGEST_REASON])
    return Planned(STAFF, STAFF, "", "nobody else takes it")


def _asked_rule(rule: Rule, message: Inbound) -> Verdict:
    """Ask one rule; one that cannot be asked, e.g. since a release, is passed over and must not stop the others."""
    try:
        return fit(rule, message)
    except Exception as error:
        log.exception("a rule could not be asked", rule=rule.name, inbound=message.id)
        return Verdict(False, f"it could not be asked ({type(error).__name__}): save it anew")


def _asked(handler: Handler, message: Inbound) -> str:
    """Ask one handler; one that fails at that is passed over, and the staff are the last that is asked."""
    try:
        return handler.wants(message)
    except Exception:
        log.exception(
            "a handler could not say whether it wants a message", handler=handler.name, inbound=message.id
        )
        return ""
