"""What a mail says, wherever that is kept: with the mail itself, or as the letter of its mailing, filled in."""

from __future__ import annotations

from dataclasses import dataclass

from edupulse.config import current_settings
from edupulse.database import db
from edupulse.errors import EduPulseError, NotFound
from edupulse.mail.compose import build_message
from edupulse.mail.mailing import Mailing
from edupulse.mail.models import Delivery
from edupulse.mail.presses import press_of

LONGEST_SOURCE = 60_000  # characters of the raw mail on one page
NOT_KEPT = "The text of this mail is no longer kept."


@dataclass(frozen=True)
class Content:
    """A mail as it is read; `problem` says why there is nothing to read."""

    subject: str
    text: str = ""
    html: str = ""
    problem: str = ""


class Shown:
    """A mail as those see it who look over a shoulder: all is as it was, but its unsubscribe link is dead."""

    id = 0  # of no mail, so that nobody can be taken off a list by looking

    def __init__(self, delivery: Delivery) -> None:
        self.message_id = delivery.message_id
        self.accepted_at = delivery.accepted_at
        self.address = delivery.address
        self.recipient_name = delivery.recipient_name
        self.fields = delivery.fields


def mailing_of(delivery: Delivery) -> Mailing | None:
    """Return the mailing that a mail is part of."""
    return db.session.get(Mailing, delivery.mailing_id) if delivery.mailing_id else None


def content_of(delivery: Delivery) -> Content:
    """Return what the mail says, or why that cannot be shown."""
    if delivery.mailing_id is None or delivery.letter_id is None:
        kept = delivery.content
        gone = Content(delivery.subject, problem=NOT_KEPT)
        return Content(delivery.subject, kept.text, kept.html) if kept else gone
    try:
        reading = press_of(delivery.mailing_id, delivery.letter_id).read(Shown(delivery))
    except EduPulseError as error:
        return Content(delivery.subject, problem=str(error))
    return Content(reading.subject, reading.text, reading.html)


def headline(delivery: Delivery) -> str:
    """Return the subject as its reader has it; of a mailing's mail the row itself has only the template."""
    return content_of(delivery).subject if delivery.mailing_id else delivery.subject


def source_of(delivery: Delivery) -> str:
    """Return the mail as it goes over the wire, cut where it becomes long; empty where it cannot be made."""
    try:
        message = raw_mail(delivery)
    except EduPulseError:
        return ""  # the page says why
    text = message.decode(errors="replace").replace("\r\n", "\n")
    if len(text) <= LONGEST_SOURCE:
        return text
    return f"{text[:LONGEST_SOURCE]}\n[cut: {len(message):,} bytes in all]"


def raw_mail(delivery: Delivery) -> bytes:
    """Return the mail as it goes over the wire. Raises NotFound for one no longer kept, or why it cannot be made."""
    if delivery.mailing_id is None or delivery.letter_id is None:
        if delivery.content is None:
            raise NotFound(NOT_KEPT, delivery_id=delivery.id)
        return build_message(delivery, delivery.content, current_settings().default_from_email)
    return press_of(delivery.mailing_id, delivery.letter_id).mail(Shown(delivery))
