"""The mail of a campaign as one person will see it, also before it is saved; and whom it is worth looking at as."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, String, cast, func, select

from edupulse.campaigns.checking import CampaignDraft
from edupulse.campaigns.checks.editions import Edition, Editions, Reader, editions_of
from edupulse.campaigns.looking import person_for
from edupulse.campaigns.models import Recipient
from edupulse.campaigns.rows import existing
from edupulse.campaigns.trial import send_test
from edupulse.database import db
from edupulse.mail.press import Reading

__all__ = ["Preview", "extremes", "preview", "send_test", "test"]

test = send_test  # as the doors call it: preview.test


@dataclass(frozen=True)
class Preview:
    """What one person reads, and what is worth knowing beside it."""

    reading: Reading
    person: Reader
    letter_locale: str
    is_made_up: bool  # nobody of the audience: every field says its own name
    fields: tuple[str, ...]  # that the letter asks for
    empty: tuple[str, ...]  # of them, those that leave a gap for this person
    size: int  # bytes of the whole mail, with what is enclosed
    sender: str
    enclosures: tuple[str, ...]

    @property
    def subject(self) -> str:
        return self.reading.subject

    @property
    def text(self) -> str:
        return self.reading.text

    @property
    def html(self) -> str:
        return self.reading.html


def preview(
    campaign_id: int | None, recipient: int | str | None = None, draft: CampaignDraft | None = None
) -> Preview:
    """Return the mail as `recipient` (an id or an address) sees it, by default the first of the audience.

    `draft` is shown instead of what is saved; without an audience somebody is made up. Its unsubscribe link takes
    nobody off a list. Raises NotFound, Invalid for a letter that cannot become a mail.
    """
    campaign = existing(campaign_id) if campaign_id is not None else None
    editions = editions_of(campaign, draft)
    person = person_for(campaign, editions, recipient)
    return _shown(editions, editions.chosen(person.locale), person)


def extremes(campaign_id: int) -> dict[str, Recipient]:
    """Return the people whose mails break first, by what is special about them; empty without an audience.

    A letter that looks right for these looks right for the others. Raises NotFound.
    """
    existing(campaign_id)
    fields = cast(Recipient.fields, String)
    empty = func.length(fields) - func.length(func.replace(fields, '""', ""))
    orders: dict[str, tuple[ColumnElement[int], ...]] = {
        "Longest name": (func.length(Recipient.name).desc(),),
        "Most empty fields": (empty.desc(), func.length(fields).asc()),
        "Largest mail": ((func.length(fields) + func.length(Recipient.name)).desc(),),
    }
    about = select(Recipient).where(Recipient.campaign_id == campaign_id)
    found = {
        what: db.session.scalar(about.order_by(*order, Recipient.id).limit(1))
        for what, order in orders.items()
    }
    return {what: person for what, person in found.items() if person is not None}


def _shown(editions: Editions, edition: Edition, person: Reader) -> Preview:
    return Preview(
        reading=edition.press.read(person),
        person=person,
        letter_locale=edition.letter.locale,
        is_made_up=person.recipient_id is None,
        fields=tuple(sorted(edition.press.fields)),
        empty=tuple(name for name in edition.gaps if not person.value(name).strip()),
        size=len(edition.press.mail(person)) + editions.enclosed_bytes,
        sender=editions.head.sender_address,
        enclosures=tuple(file.filename for file in editions.enclosures),
    )
