"""`/messages`: what was received, what it was taken for, what was done about it; settled, replayed, downloaded."""

from __future__ import annotations

from typing import Any

from flask import Response

from edupulse.api.answers import answer, page_answer
from edupulse.api.gate import actor, caller
from edupulse.api.noun import Noun
from edupulse.api.ordered import facts_of_run, ordered
from edupulse.api.words import asked, asked_whether, page_wanted, said
from edupulse.errors import Invalid
from edupulse.mailboxes import monitor, orders
from edupulse.mailboxes.dispatch import planning as dispatch
from edupulse.mailboxes.models import InboundAction, InboundMessage
from edupulse.mailboxes.monitor import FACTS, FACTS_OF_ACTION, Message
from edupulse.reminders import invitations

noun = Noun("messages", __name__, url_prefix="/messages")


@noun.get("/")
def list_messages() -> Response:
    """List them, newest first; `mailbox_id`, `kind`, `state`, `attention` and `search` narrow it."""
    found = monitor.messages(
        mailbox_id=_number("mailbox_id"),
        kind=asked("kind"),
        state=asked("state"),
        attention=asked_whether("attention") if asked("attention") else None,
        search=asked("search"),
        **page_wanted(),
    )
    return page_answer(found, _listed)


@noun.get("/totals/")
def totals() -> Response:
    """Say how many wait for a person, how many are set aside, how many mailboxes there are and fail."""
    return answer(monitor.totals())


@noun.post("/replay/")
def replay_all() -> Response:
    """Read everything again that is set aside."""
    said()
    return answer({"replayed": orders.replay_all(actor=actor())}, 202)


@noun.get("/<int:message_id>/")
def show(message_id: int) -> Response:
    """Show one message: what it says, what it was taken for and why, what was done, and what it belongs to."""
    return answer(_shown(monitor.message(message_id)))


@noun.get("/<int:message_id>/explain/")
def explain(message_id: int) -> Response:
    """Say of each rule and handler, in their order, whether it fits the message and why; nothing is done."""
    return answer({"items": dispatch.explain(message_id)})


@noun.post("/<int:message_id>/replay/")
def replay(message_id: int) -> Response:
    """Read a message anew from its stored bytes; what was done about it is not done twice."""
    said()
    return ordered(orders.replay(message_id, actor=actor()))


@noun.post("/<int:message_id>/settle/")
def settle(message_id: int) -> Response:
    """Note that somebody has dealt with it."""
    said()
    return answer(_listed(orders.settle(message_id, actor=actor())))


@noun.post("/<int:message_id>/approve/")
def approve(message_id: int) -> Response:
    """Take in an invitation from somebody whom nobody knows yet."""
    said()
    invitations.approve(message_id, actor=actor())
    return answer(_shown(monitor.message(message_id)))


def _shown(message: Message) -> dict[str, Any]:
    delivery = message.delivery
    return {
        **_listed(message.row),
        "event": message.event.as_json() if message.event and caller().may("operator") else None,
        "actions": [_action(each) for each in message.actions],
        "answers": {"delivery_id": delivery.id, "address": delivery.address} if delivery else None,
        "thread": [_listed(each) for each in message.thread],
        "runs": [facts_of_run(run) for run in message.runs],
        "quarantine": _quarantine(message.row) if message.row.state == "quarantined" else None,
    }


def _listed(row: InboundMessage) -> dict[str, Any]:
    """Return the facts of a message; what it says is for operators, as on the pages."""
    facts = {name: getattr(row, name) for name in FACTS}
    return facts if caller().may("operator") else facts | {"snippet": ""}


def _action(action: InboundAction) -> dict[str, Any]:
    return {name: getattr(action, name) for name in FACTS_OF_ACTION}


def _quarantine(row: InboundMessage) -> dict[str, Any]:
    facts = {
        "at": row.quarantined_at,
        "reason": row.quarantine_reason,
        "version": row.quarantine_version,
        "tries": row.tries,
    }
    return facts | ({"traceback": row.quarantine_traceback} if caller().may("operator") else {})


def _number(name: str) -> int | None:
    text = asked(name)
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or len(text) > 9:
        raise Invalid(f"“{name}” must be a number.", field=name)
    return int(text)
