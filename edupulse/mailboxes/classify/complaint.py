"""A complaint that a mailbox provider passes on: somebody pressed “spam” on a mail of ours (RFC 5965)."""

from __future__ import annotations

from collections.abc import Collection
from email.message import Message

from edupulse.mailboxes.classify.addresses import addresses_in, only_address, strangers
from edupulse.mailboxes.classify.pieces import Fields, blocks_of, enclosed_heads, own_parts, text_of_fields
from edupulse.mailboxes.classify.returned import returned_mail, signed_delivery
from edupulse.mailboxes.event import Report, UnifiedEvent

# What a person pressed; `auth-failure` (RFC 6591) and `not-spam` are no complaints.
_COMPLAINTS = ("abuse", "fraud", "virus", "other", "opt-out", "miscategorized")
_RECIPIENT = ("original-rcpt-to", "removal-recipient", "x-original-rcpt-to", "redacted-address")
_IN_RETURNED = ("x-hmxmroriginalrecipient", "x-original-to", "delivered-to", "to")


def complaint(event: UnifiedEvent, message: Message, own: Collection[str]) -> Report | None:
    """Return the complaint that the message passes on, None if it is none."""
    fields = _feedback(message)
    heads = list(enclosed_heads(message))
    # Microsoft's programme sends no report, but the mail itself with this header.
    is_bare = any("x-hmxmroriginalrecipient" in head for head in heads)
    if fields.get("feedback-type", "").lower() not in _COMPLAINTS and not is_bare:
        return None
    returned = returned_mail(message, event, [fields], own)
    named = [only_address(fields.get(name, "")) for name in _RECIPIENT]
    named += [each for name in _IN_RETURNED for head in heads for each in addresses_in(head.get(name, ""))]
    return Report(
        kind="complaint",
        recipient=next(iter(strangers(filter(None, named), own)), ""),
        original_recipient=returned.to,
        cause=fields.get("feedback-type", "abuse").lower(),
        text=f"{fields.get('user-agent', event.author.address)} passes on a complaint.",
        delivery_id=signed_delivery(event, message, [fields]),
        original_message_id=returned.message_id,
        found_by="arf",
    )


def _feedback(message: Message) -> Fields:
    for part in own_parts(message):
        if part.get_content_type() == "message/feedback-report":
            return next(iter(blocks_of(text_of_fields(part))), {})
    return {}
