"""Somebody asks by mail to get no more mail: it is stopped if it is proven who asks, and confirmed once."""

from __future__ import annotations

from edupulse.accounts.audit import record
from edupulse.clock import now
from edupulse.mail import suppressions, unsubscribe
from edupulse.mail.compose import Mail, render_mail
from edupulse.mail.models import Delivery
from edupulse.mail.outbox import accept
from edupulse.mail.suppressions import SCOPES
from edupulse.mailboxes.dispatch.loops import ANSWER, mark, own_addresses, too_many_answers, why_no_answer
from edupulse.mailboxes.dispatch.wishes import Wish, wish_of
from edupulse.mailboxes.handling import Done, Inbound

REASON = "Asked by mail not to get these mails any more."
_WHAT = {"newsletter": "Newsletters", "reminder": "Reminders"}


class Unsubscribe:
    """Takes who has enough of our mails."""

    name = "unsubscribe"
    summary = "people who ask to get no more newsletters or reminders"

    def wants(self, message: Inbound) -> str:
        return "it asks for no more mails" if message.event.classification.kind == "unsubscribe" else ""

    def handle(self, message: Inbound) -> Done:
        wish = wish_of(message)
        if wish is None:
            why = "It asks for no more mails, but nothing proves that the person who gets them asks: decide by hand."
            return Done(why, attention=why)
        scope = SCOPES.get(wish.delivery.kind)
        if scope is None:
            why = f"{wish.delivery.address} has enough of a mail that nobody can refuse: decide by hand."
            return Done(why, _facts(wish), attention=why)
        if not _stop(wish.delivery, scope, message):
            return Done(f"{_WHAT[scope]} to {wish.delivery.address} were stopped already.", _facts(wish))
        confirmed = _confirm(wish.delivery, scope, message)
        words = f"{_WHAT[scope]} to {wish.delivery.address} are stopped, by {wish.proof}. {confirmed}"
        return Done(words, {**_facts(wish), "suppressed": wish.delivery.comparable, "scope": scope})


def _facts(wish: Wish) -> dict[str, object]:
    return {"delivery_id": wish.delivery.id, "address": wish.delivery.address, "proof": wish.proof}


def _stop(delivery: Delivery, scope: str, message: Inbound) -> bool:
    """Stop it as the link in the mail does, so that the link's page can take it back; False if it is stopped."""
    if scope == unsubscribe.SCOPE:
        return unsubscribe.act(_token(delivery), message.source)
    is_new = suppressions.suppress(delivery.address, scope=scope, reason=REASON, source=message.source)
    if is_new:
        subject = f"address:{delivery.comparable}"
        record(unsubscribe.RECIPIENT, "suppression.add", subject, scope=scope, by=message.source)
    return is_new


def _confirm(delivery: Delivery, scope: str, message: Inbound) -> str:
    """Mail the person once that it is done, unless that could go round in circles; return what was done."""
    why = why_no_answer(message.event, own_addresses()) or too_many_answers(delivery.address)
    if why:
        return f"No confirmation was sent: {why}."
    confirmation = _mail(delivery, scope, message.id)
    accept(confirmation, kind=ANSWER, subject_id=f"delivery:{delivery.id}", occurrence=scope, due_at=now())
    return "The person was told once by mail."


def _mail(delivery: Delivery, scope: str, message_id: int) -> Mail:
    undo = unsubscribe.link(delivery.id, delivery.address) if scope == unsubscribe.SCOPE else ""
    subject, text, html = render_mail(
        "unsubscribed", delivery.locale, scope=scope, address=delivery.address, undo_url=undo
    )
    return Mail(
        delivery.address,
        delivery.recipient_name,
        subject,
        text,
        html,
        delivery.locale,
        headers=mark(message_id),
    )


def _token(delivery: Delivery) -> str:
    return f"{delivery.id}.{unsubscribe.links().mac(delivery.id, delivery.address)}"
