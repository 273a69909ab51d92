"""As whom a letter is looked at: somebody of the audience, or a person made up while there is none."""

from __future__ import annotations

from sqlalchemy import select

from edupulse.campaigns.checks.editions import Editions, Reader
from edupulse.campaigns.models import Campaign, Recipient
from edupulse.database import db
from edupulse.errors import NotFound
from edupulse.mail.addresses import parse_address


def person_for(campaign: Campaign | None, editions: Editions, wanted: int | str | None) -> Reader:
    """Return who is wanted, an id or an address; by default the first of the audience, else somebody made up.

    Raises NotFound for who is not in the audience, Invalid for what is no address.
    """
    found = _recipient(campaign, wanted) if campaign else None
    return reader_of(found) if found else _made_up(editions)


def reader_of(recipient: Recipient) -> Reader:
    """Return one of the audience as a letter sees them."""
    return Reader(
        recipient.address, recipient.name, recipient.fields, recipient.locale, recipient_id=recipient.id
    )


def _recipient(campaign: Campaign, wanted: int | str | None) -> Recipient | None:
    people = select(Recipient).where(Recipient.campaign_id == campaign.id)
    if wanted is None or wanted == "":
        return db.session.scalar(people.order_by(Recipient.id).limit(1))
    is_number = isinstance(wanted, int) or wanted.isdecimal()
    one = (
        Recipient.id == int(wanted)
        if is_number
        else Recipient.comparable == parse_address(str(wanted)).comparable
    )
    found = db.session.scalar(people.where(one))
    if found is None:
        raise NotFound(
            f"{wanted} is not in the audience of “{campaign.name}”.", cure="Choose somebody of the audience."
        )
    return found


def _made_up(editions: Editions) -> Reader:
    edition = editions.chosen(editions.default_locale)
    fields = {name: f"[{name}]" for name in edition.press.fields}
    return Reader("ann@example.org", "Ann Example", fields, edition.letter.locale)
