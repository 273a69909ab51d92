"""Answers that nobody wrote: told by what machines put into their headers, then by their subjects."""

from __future__ import annotations

from edupulse.mailboxes.classify.phrases import AWAY_SUBJECT
from edupulse.mailboxes.event import UnifiedEvent

# Each is set by some answering machine and by nothing else.
_MARKS = (
    "x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply-from", "x-mail-autoreply", "x-vacation",
    "x-autoreply-from", "x-autoresponse",
)  # fmt: skip


def why_automatic(event: UnifiedEvent) -> str:
    """Return why the message is an automatic answer, "" if a person may have written it."""
    if _says(event, "auto-submitted").startswith("auto-replied"):
        return "It says that it is an automatic reply (Auto-Submitted)."
    if "disposition-notification" in _says(event, "content-type") and "report" in _says(
        event, "content-type"
    ):
        return "It is a receipt that a mail was shown or deleted (RFC 8098)."
    if mark := next((name for name in _MARKS if event.headers.get(name)), ""):
        return f"It says that it is an automatic reply ({mark})."
    if _says(event, "precedence") == "auto_reply":
        return "It says that it is an automatic reply (Precedence)."
    if AWAY_SUBJECT.match(event.subject):
        return "Its subject is that of an automatic reply."
    return _why_by_circumstances(event)


def _why_by_circumstances(event: UnifiedEvent) -> str:
    """Judge by signs of which each alone proves nothing."""
    is_answer = bool(event.in_reply_to or event.references)
    is_list = bool(event.headers.get("list-id") or event.headers.get("list-unsubscribe"))
    if not is_answer or is_list or event.calendar:
        return ""
    if event.return_path == "":
        return "It answers a mail and allows no answer to itself (null sender)."
    if _says(event, "precedence") in ("bulk", "junk"):
        return "It answers a mail and says that a machine sends it (Precedence)."
    if _says(event, "auto-submitted").startswith("auto-generated"):
        return "It answers a mail and says that a machine made it (Auto-Submitted)."
    return ""


def _says(event: UnifiedEvent, name: str) -> str:
    return next(iter(event.headers.get(name, ())), "").strip().lower()
