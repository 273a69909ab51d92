"""The form of a rule: lines of field, test and value, and what is done when all of them hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from edupulse.control.catalog import current_catalog
from edupulse.errors import EduPulseError, Invalid
from edupulse.mailboxes.dispatch.conditions import HEADER, Condition
from edupulse.mailboxes.dispatch.rule_drafts import JOB, RuleDraft
from edupulse.mailboxes.handling import Handler, handlers
from edupulse.web.problems import Problems, refusals

HANDLER = "handler:"
SPARE = 3  # empty lines for conditions, so that a rule can be entered without a script
MOST_LINES = 20
FIELD_WORDS = {
    "from": "Sender's address",
    "from_name": "Sender's name",
    "to": "Sent to",
    "subject": "Subject",
    "text": "Text",
    "kind": "Kind",
    "mailbox": "Mailbox's address",
    "language": "Language",
    "attachment": "Name of a file",
    "has_attachment": "Has a file (yes or no)",
    "answers_us": "Answers a mail of ours (yes or no)",
}
TEST_WORDS = {
    "is": "is",
    "is_not": "is not",
    "contains": "contains",
    "contains_not": "does not contain",
    "starts_with": "starts with",
    "ends_with": "ends with",
    "matches": "matches the pattern",
}
ACTION_WORDS = {
    "staff": "Show it to the staff",
    "bounce": "Treat it as a mail that came back",
    "complaint": "Treat it as a complaint about spam",
    "auto_reply": "Put it away as an automatic reply",
    "unsubscribe": "Write no more to who sent it",
    "calendar": "Take it in as an invitation",
    "reply": "Put it to the mail of ours that it answers",
}
SHOWN_AT = frozenset({"name", "conditions", "action", "arguments", "mailbox_id"})


@dataclass
class RuleForm:
    """What stands in the fields, and what is wrong with it."""

    values: MultiDict[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    def value(self, name: str) -> str:
        return self.values.get(name, "")

    def chosen(self, name: str, value: str) -> bool:
        """Say whether a box is on."""
        return value in self.values.getlist(name)

    @property
    def lines(self) -> range:
        """The numbers of the lines for conditions: those that are filled, and some to spare."""
        used = [number for number in range(MOST_LINES) if self.value(f"value-{number}").strip()]
        return range(min(MOST_LINES, (used[-1] + 1 if used else 0) + SPARE))

    def refuse(self, error: EduPulseError) -> None:
        """Put a refusal beside its fields; what belongs to none stands above the form."""
        for name, sentence in refusals(error).items():
            self.errors[name if name in SHOWN_AT else ""] = sentence


def field_words(name: str) -> str:
    """Return a field as people call it."""
    return FIELD_WORDS.get(name) or (
        f"Header {name.removeprefix(HEADER)}"
        if name.startswith(HEADER)
        else name.replace("_", " ").capitalize()
    )


def test_words(name: str) -> str:
    """Return a test as people say it."""
    return TEST_WORDS.get(name, name.replace("_", " "))


def actions(besides: str = "") -> list[tuple[str, str]]:
    """Return what a rule may do: the handlers, then the jobs that take a message; `besides` is kept in any case."""
    known = [(HANDLER + each.name, ACTION_WORDS.get(each.name) or _sentence(each)) for each in handlers()]
    for name, spec in sorted(current_catalog().specs.items()):
        if "message_id" in spec.parameters() and not name.startswith("mailboxes."):
            known.append((JOB + name, f"Job {name}: {spec.summary.rstrip('.')}"))
    missing = besides and besides not in dict(known)
    return [*known, (besides, besides)] if missing else known


def _sentence(handler: Handler) -> str:
    return f"{handler.name.replace('_', ' ').capitalize()}: {handler.summary.rstrip('.')}"


def blank() -> RuleForm:
    """Return the form of a new rule."""
    return RuleForm(MultiDict({"enabled": "yes", "action": "handler:staff"}))


def filled(draft: RuleDraft) -> RuleForm:
    """Return the form that describes a rule as it is stored."""
    values = {
        "name": draft.name,
        "action": draft.action,
        "arguments": json.dumps(dict(draft.arguments), ensure_ascii=False) if draft.arguments else "",
        "mailbox_id": str(draft.mailbox_id or ""),
        "goes_on": "yes" if draft.goes_on else "",
        "enabled": "yes" if draft.enabled else "",
    }
    for number, asked in enumerate(draft.asked()):
        is_header = asked.field.startswith(HEADER)
        values |= {
            f"field-{number}": "header" if is_header else asked.field,
            f"header-{number}": asked.field.removeprefix(HEADER) if is_header else "",
            f"test-{number}": asked.test,
            f"value-{number}": asked.value,
        }
    return RuleForm(MultiDict(values))


def read(form: RuleForm) -> RuleDraft:
    """Return the draft that the form describes; raises Invalid with a sentence for each field that cannot be read."""
    problems, mailbox = Problems(), form.value("mailbox_id")
    arguments = problems.of("arguments", lambda: _arguments(form.value("arguments").strip()))
    if mailbox and not (mailbox.isascii() and mailbox.isdecimal() and len(mailbox) < 10):
        problems.fields["mailbox_id"] = "Choose a mailbox of the list, or none."
    problems.raise_any()
    return RuleDraft(
        name=form.value("name"),
        conditions=tuple(_conditions(form)),
        action=form.value("action"),
        arguments=arguments or {},
        mailbox_id=int(mailbox) if mailbox else None,
        goes_on=form.value("goes_on") == "yes",
        enabled=form.value("enabled") == "yes",
    )


def _conditions(form: RuleForm) -> Iterator[Condition]:
    for number in range(MOST_LINES):
        name, test, value = (form.value(f"{part}-{number}").strip() for part in ("field", "test", "value"))
        if value:
            yield Condition(_field(name, form.value(f"header-{number}").strip()), test, value)


def _field(name: str, header: str) -> str:
    return f"{HEADER}{header.lower().rstrip(':')}" if name == "header" else name


def _arguments(text: str) -> dict[str, Any]:
    if not text:
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Invalid(
            "The arguments cannot be read.",
            cure='Write them as JSON, for example {"course": 7}.',
            field="arguments",
        )
    return value
