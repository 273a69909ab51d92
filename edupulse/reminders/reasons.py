"""Why a reminder was not sent as planned: one code per reason in the rows, one sentence per code."""

from __future__ import annotations

LONGEST = 300  # characters of a stored reason

SENTENCES = {
    "moved": "The date was moved; what was planned for the old time is no longer right.",
    "event_cancelled": "The event was cancelled.",
    "date_cancelled": "This date of the series was cancelled.",
    "reminder_off": "Reminders are turned off for the event.",
    "removed": "The person was taken off the list of the event.",
    "no_address": "No e-mail address is known for the person.",
    "declined": "The person declined.",
    "no_mail_wanted": "The person does not want mail.",
    "lead_removed": "The lead time was removed from the event.",
    "superseded": "A nearer reminder of the same date was due at the same time; one mail is enough.",
    "told": "Another mail said the same at about the same time; one mail is enough.",
    "replaced": "A later change made it out of date before it was sent.",
    "missed": "It could not be sent before it had become useless; nothing is sent that late.",
    "failed": "The mail could not be composed.",
}


def words(reason: str | None) -> str:
    """Return the sentence for a stored reason, which is a code or "code: detail"."""
    code, _, detail = (reason or "").partition(": ")
    return " ".join(filter(None, [SENTENCES.get(code, code), detail]))


def with_detail(code: str, detail: str) -> str:
    """Return a reason to store: the code, and what a person needs to know beyond its sentence."""
    return f"{code}: {detail}"[:LONGEST]
