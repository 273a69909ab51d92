"""A mail with a calendar file in it: it is carried out at once, or when a person has approved it."""

from __future__ import annotations

from sqlalchemy import select

from edupulse.accounts.audit import record
from edupulse.clock import now
from edupulse.database import db
from edupulse.errors import Conflict
from edupulse.mailboxes.handling import Done, Inbound
from edupulse.mailboxes.models import InboundAction, InboundMessage
from edupulse.mailboxes.processing.inbound import inbound
from edupulse.reminders.calendar_orders import carry_out
from edupulse.transaction import transaction


class CalendarHandler:
    """Carries out what calendar files ask, where nothing speaks against it."""

    name = "calendar"
    summary = "invitations, their changes, and the answers to ours"

    def wants(self, message: Inbound) -> str:
        return "it carries a calendar file" if message.event.calendar else ""

    def handle(self, message: Inbound) -> Done:
        return carry_out(message, actor=message.source)


def approve(message_id: int, *, actor: str) -> Done:
    """Carry out what the calendar file of a message asks, because `actor` says so; done twice it has one effect.

    Raises NotFound, and Conflict where there is nothing that could be carried out.
    """
    with transaction() as session:
        message = inbound(message_id)
        if not message.event.calendar:
            raise Conflict("The message carries no calendar file.", message_id=message_id)
        done = carry_out(message, actor=actor, is_approved=True)
        if done.detail.get("event_id") is None or done.attention:
            cure = "Enter the event by hand if it is wanted."
            raise Conflict(done.attention or done.words, cure=cure, message_id=message_id)
        _settle(session.get_one(InboundMessage, message_id), done, actor)
        record(actor, "invitation.approve", f"message:{message_id}", **done.detail)
    return done


def may_approve(action: InboundAction) -> bool:
    """Say whether what the calendar handler left waits for a person to let it in."""
    return action.handler == CalendarHandler.name and bool(action.detail.get("may_be_approved"))


def _settle(row: InboundMessage, done: Done, actor: str) -> None:
    row.attention, row.attention_why = False, None
    row.settled_at, row.settled_by = now(), actor[:320]
    waiting = select(InboundAction).where(
        InboundAction.message_id == row.id, InboundAction.handler == CalendarHandler.name
    )
    for action in db.session.scalars(waiting):
        action.outcome, action.detail, action.state = done.words, done.detail, "done"
