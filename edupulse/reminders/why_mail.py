"""A reminder was handed over: what became of its mail is told here, with the server's own words."""

from __future__ import annotations

from typing import Any

from edupulse.config import current_settings
from edupulse.mail import monitor
from edupulse.mail.models import Delivery
from edupulse.reminders.answer import Answer
from edupulse.reminders.case import Case
from edupulse.reminders.timeline import last_answers
from edupulse.reminders.why_waiting import down

TELLS = {
    "reminder": "The reminder",
    "manual": "The reminder sent by hand",
    "correction": "The correction",
    "cancellation": "The notice that it does not take place",
}
# state of the mail -> what is said of it, and what can be done
FATES = {
    "rejected": ("was refused.", "Mend the cause, then send the mail again."),
    "bounced": ("was taken by the server and came back later.", "Correct the address."),
    "unknown": (
        "may or may not have arrived.",
        "Ask the person; then settle the mail as arrived, or send it again.",
    ),
    "suppressed": (
        "was not sent, because the address must not be written to.",
        "Lift the suppression if the person agrees.",
    ),
    "cancelled": ("was cancelled before it left.", "Send the reminder by hand if it is still of use."),
    "sending": ("is being sent right now.", ""),
}


CODES = {"rejected": "mail_refused", "unknown": "uncertain", "cancelled": "mail_cancelled"}


def answer_from_mail(case: Case) -> Answer | None:
    """Return what became of the mail, None where there is none or a change of the event took it back."""
    if case.reminder is None or case.delivery is None:
        return None
    what, delivery = TELLS[case.reminder.kind], case.delivery
    said = last_answers([delivery.id]).get(delivery.id, "")
    facts = _facts(case, delivery, said)
    if delivery.state == "sent":
        return Answer(
            "already_sent",
            f"{what} was sent{_when(case, delivery)} to {delivery.address}.{_server(said)}",
            "",
            facts,
        )
    if delivery.state == "queued":
        return _queued(case, what, facts)
    if delivery.state == "deferred":
        return _deferred(case, what, said, facts)
    fate, cure = FATES[delivery.state]
    return Answer(_code(delivery), f"{what} {fate}{_because(delivery)}{_server(said)}", cure, facts)


def _queued(case: Case, what: str, facts: dict[str, Any]) -> Answer:
    if held := _held_up(facts) or down(case.now, queue="email"):
        return Answer(held.reason, f"{what} waits to be sent. {held.sentence}", held.cure, facts | held.facts)
    return Answer("queued", f"{what} waits in the queue and is sent in a moment.", "", facts)


def _deferred(case: Case, what: str, said: str, facts: dict[str, Any]) -> Answer:
    if held := _held_up(facts):
        return Answer(held.reason, f"{what} waits to be sent. {held.sentence}", held.cure, facts | held.facts)
    delivery = case.delivery
    assert delivery is not None  # noqa: S101 - asked by the caller
    next_try = case.at(delivery.next_attempt_at)
    sentence = (
        f"{what} could not be sent yet and is tried again at {next_try}.{_because(delivery)}{_server(said)}"
    )
    return Answer("deferred", sentence, "", facts | {"next_attempt_at": delivery.next_attempt_at})


def _held_up(facts: dict[str, Any]) -> Answer | None:
    """Say what keeps every mail from leaving: a paused account, or no server at all."""
    for sender in monitor.paused_senders():
        sentence = f"Sending is paused: {sender.pause_reason or 'no reason was recorded'}"
        return Answer("sender_paused", sentence, sender.pause_cure or "", {"paused_at": sender.paused_at})
    if not current_settings().smtp_server:
        return Answer("no_mail_server", "No mail server is set.", "Set SMTP_SERVER and its login in .env.")
    return None


def _facts(case: Case, delivery: Delivery, said: str) -> dict[str, Any]:
    return {
        "delivery_id": delivery.id,
        "state": delivery.state,
        "address": delivery.address,
        "sent_at": delivery.sent_at,
        "server": said,
        "starts_at": case.reminder.starts_at if case.reminder else None,
    }


def _code(delivery: Delivery) -> str:
    return CODES.get(delivery.state, delivery.state)


def _when(case: Case, delivery: Delivery) -> str:
    return f" at {case.at(delivery.sent_at)}" if delivery.sent_at else ""


def _because(delivery: Delivery) -> str:
    return f" {delivery.reason}" if delivery.reason else ""


def _server(said: str) -> str:
    return f" The server said: {said}" if said else ""
