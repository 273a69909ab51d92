"""`/messages`: what was received, what it was taken for, what was done about it; settled, replayed, approved."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

from pydantic import Field

from edupulse.api.answers import page_of
from edupulse.api.gate import actor
from edupulse.api.job_in_full import JobInFull, in_full
from edupulse.api.message_facts import Message, MessageInFull, facts_of_message, reads_letters, shown
from edupulse.api.noun import Noun
from edupulse.api.schema import ListOf, Number, Paged, PageOf, Shown, Text
from edupulse.mailboxes import monitor, orders
from edupulse.mailboxes.dispatch import planning as dispatch
from edupulse.mailboxes.dispatch.planning import Explained
from edupulse.reminders import invitations

noun = Noun("messages", __name__, url_prefix="/messages")


class WhichMessages(Paged):
    """Which messages to list."""

    mailbox_id: Number | None = None
    kind: Literal["", "bounce", "complaint", "auto_reply", "unsubscribe", "calendar", "reply", "other"] = ""
    state: Literal["", "stored", "processed", "quarantined"] = ""
    attention: bool | None = Field(None, description="Whether somebody should look at it.")
    search: Text = Field("", description="A part of sender, subject or Message-ID.")


class MessageTotals(Shown):
    """How many messages wait for a person or are set aside; how many mailboxes there are, and fail."""

    attention: int
    quarantined: int
    mailboxes: int
    failing: int


class Replayed(Shown):
    """How many messages are read again."""

    replayed: int


@noun.get("/", query=WhichMessages, gives=PageOf[Message])
def list_messages(query: WhichMessages) -> dict[str, Any]:
    """List them, newest first."""
    facts = partial(facts_of_message, may_read=reads_letters())
    return page_of(monitor.messages(**dict(query)), facts)


@noun.get("/totals/", gives=MessageTotals)
def totals() -> dict[str, int]:
    """Say how many wait for a person, how many are set aside, how many mailboxes there are and fail."""
    return monitor.totals()


@noun.post("/replay/", gives=Replayed, status=202)
def replay_all() -> dict[str, int]:
    """Read everything again that is set aside."""
    return {"replayed": orders.replay_all(actor=actor())}


@noun.get("/<int:message_id>/", gives=MessageInFull)
def show(message_id: int) -> dict[str, Any]:
    """Show one message: what it says, what it was taken for and why, what was done, and what it belongs to."""
    return shown(message_id, may_read=reads_letters())


@noun.get("/<int:message_id>/explain/", gives=ListOf[Explained])
def explain(message_id: int) -> dict[str, Any]:
    """Say of each rule and handler, in their order, whether it fits the message and why; nothing is done."""
    return {"items": dispatch.explain(message_id)}


@noun.post("/<int:message_id>/replay/", gives=JobInFull, status=202)
def replay(message_id: int) -> dict[str, Any]:
    """Read a message anew from its stored bytes; what was done about it is not done twice."""
    return in_full(orders.replay(message_id, actor=actor()))


@noun.post("/<int:message_id>/settle/", gives=Message)
def settle(message_id: int) -> dict[str, Any]:
    """Note that somebody has dealt with it."""
    return facts_of_message(orders.settle(message_id, actor=actor()), may_read=True)


@noun.post("/<int:message_id>/approve/", gives=MessageInFull)
def approve(message_id: int) -> dict[str, Any]:
    """Take in an invitation from somebody whom nobody knows yet."""
    invitations.approve(message_id, actor=actor())
    return shown(message_id, may_read=True)
