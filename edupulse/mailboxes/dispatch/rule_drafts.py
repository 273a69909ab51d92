"""What an operator entered about a rule becomes values to store, or one refusal that names the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from edupulse.control.catalog import current_catalog
from edupulse.database import db
from edupulse.errors import Invalid, NotFound
from edupulse.mail.addresses import refuse_steering
from edupulse.mailboxes.dispatch.conditions import Condition
from edupulse.mailboxes.dispatch.conditions import checked as checked_condition
from edupulse.mailboxes.handling import handler_named
from edupulse.mailboxes.models import Mailbox

LONGEST_NAME = 100  # characters
MOST_CONDITIONS = 20  # in one rule; each is asked of every message
HANDLER, JOB = "handler:", "job:"


@dataclass(frozen=True)
class RuleDraft:
    """A rule as entered. `conditions` are (field, test, value), all of which must hold; none means every message."""

    name: str
    conditions: Sequence[Condition | Mapping[str, str]] = ()
    action: str = "handler:staff"  # or job:NAME of the catalog
    arguments: Mapping[str, Any] = field(default_factory=dict)  # of the job, beside message_id
    mailbox_id: int | None = None
    goes_on: bool = False
    enabled: bool = True

    def asked(self) -> tuple[Condition, ...]:
        """Return its conditions; raises Invalid for one that is none."""
        return tuple(each if isinstance(each, Condition) else _read(each) for each in self.conditions)


def checked(draft: RuleDraft) -> RuleDraft:
    """Return the draft as it is stored; raises Invalid naming the field."""
    return replace(
        draft,
        name=_name(draft.name),
        conditions=_conditions(draft),
        action=_action(draft),
        arguments=dict(draft.arguments),
        mailbox_id=_mailbox(draft.mailbox_id),
        goes_on=bool(draft.goes_on),
        enabled=bool(draft.enabled),
    )


def _name(text: str) -> str:
    name = text.strip()
    refuse_steering(name, field="name")
    if not name or len(name) > LONGEST_NAME:
        raise Invalid(
            f"A rule needs a name of 1 to {LONGEST_NAME} characters.",
            cure="Say what it is for.",
            field="name",
        )
    return name


def _conditions(draft: RuleDraft) -> tuple[Condition, ...]:
    if len(draft.conditions) > MOST_CONDITIONS:
        raise Invalid(
            f"A rule has at most {MOST_CONDITIONS} conditions.", cure="Make two of it.", field="conditions"
        )
    return tuple(checked_condition(each) for each in draft.asked())


def _read(given: Mapping[str, str]) -> Condition:
    names = Condition.__dataclass_fields__
    if set(given) != set(names) or not all(isinstance(each, str) for each in given.values()):
        raise Invalid(
            "A condition has a field, a test and a value.", cure="Give all three as text.", field="conditions"
        )
    return Condition(**given)


def _action(draft: RuleDraft) -> str:
    action = draft.action.strip()
    if action.startswith(HANDLER):
        return _handler_action(action, draft.arguments)
    if action.startswith(JOB):
        return _job_action(action, draft.arguments)
    raise Invalid(
        f"{action[:60]!r} is nothing that can be done.",
        cure="Write handler:NAME or job:NAME.",
        field="action",
    )


def _handler_action(action: str, arguments: Mapping[str, Any]) -> str:
    try:
        handler_named(action.removeprefix(HANDLER))
    except NotFound as error:
        raise Invalid(error.message, cure=error.cure, field="action") from None
    if arguments:
        raise Invalid("A handler takes no arguments.", cure="Leave them out.", field="arguments")
    return action


def _job_action(action: str, arguments: Mapping[str, Any]) -> str:
    """Refuse what the catalog lacks, what does not fit the job, and the jobs that bring messages here: a circle."""
    name = action.removeprefix(JOB)
    if name.startswith("mailboxes."):
        raise Invalid(
            "A rule cannot start the jobs of the mailboxes themselves.",
            cure="Choose another.",
            field="action",
        )
    try:
        spec = current_catalog().get(name)
    except Invalid as error:
        raise Invalid(error.message, cure=error.cure, field="action") from None
    try:
        spec.check({**arguments, "message_id": 1})
    except Invalid as error:
        raise Invalid(error.message, cure=error.cure, field="arguments") from None
    return action


def _mailbox(mailbox_id: int | None) -> int | None:
    if mailbox_id is not None:
        mailbox = db.session.get(Mailbox, mailbox_id)
        if mailbox is None or mailbox.removed_at is not None:
            raise Invalid(
                f"There is no mailbox {mailbox_id}.",
                cure="Choose one of the list, or none.",
                field="mailbox_id",
            )
    return mailbox_id
