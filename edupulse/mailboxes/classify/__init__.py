"""What kind of message it is, and why: the first of bounce, complaint, auto_reply, unsubscribe, calendar that fits."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from edupulse.mailboxes.classify.addresses import untagged
from edupulse.mailboxes.classify.automatic import why_automatic
from edupulse.mailboxes.classify.bounce import bounce
from edupulse.mailboxes.classify.complaint import complaint
from edupulse.mailboxes.classify.leaving import unsubscribe_token, why_leaving
from edupulse.mailboxes.classify.signs import may_be_bounce
from edupulse.mailboxes.event import Classification, Report, UnifiedEvent
from edupulse.mailboxes.parse import Parsed

__all__ = ["classify", "unsubscribe_token"]


def classify(parsed: Parsed, *, own_addresses: Collection[str]) -> UnifiedEvent:
    """Return the event with its kind, the reasons for it in words, and what a server reports about our mails.

    `own_addresses` are those under which we receive and send: nobody's mail failed to reach them. What answers a mail
    of ours is called `reply` later, where the ledger is known.
    """
    event = parsed.event
    own = frozenset(untagged(each) for each in own_addresses if each)
    if may_be_bounce(event) or _may_be_complaint(event):
        if found := bounce(event, parsed.message, own):
            return _as(event, "bounce", found.why, confidence=found.confidence, reports=found.reports)
        if said := complaint(event, parsed.message, own):
            return _as(event, "complaint", "A provider passes on that somebody complained.", reports=(said,))
    if why := why_automatic(event):
        return _as(event, "auto_reply", why)
    if why := why_leaving(event):
        return _as(event, "unsubscribe", why)
    if event.calendar:
        return _as(event, "calendar", "It carries a calendar file.")
    return _as(event, "other", "No other kind fits.")


def _may_be_complaint(event: UnifiedEvent) -> bool:
    return any(
        each.content_type in ("message/feedback-report", "message/rfc822") for each in event.attachments
    )


def _as(
    event: UnifiedEvent, kind: str, why: str, *, confidence: float = 1.0, reports: tuple[Report, ...] = ()
) -> UnifiedEvent:
    return replace(event, classification=Classification(kind, confidence, (why,)), reports=reports)
