"""As whom a letter is looked at: somebody of the audience, or a person made up while there is none."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select

from edupulse.campaigns.checks.editions import Editions, Reader
from edupulse.campaigns.models import Campaign, Recipient
from edupulse.database import db
from edupulse.errors import NotFound
from edupulse.mail.addresses import parse_address
from edupulse.paging import row_number


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
    found = db.session.scalar(people.where(_is(wanted)))
    if found is None:
        raise NotFound(
            f"{str(wanted)[:320]} is not in the audience of “{campaign.name}”.",
            cure="Choose somebody of the audience.",
        )
    return found


def _is(wanted: int | str) -> ColumnElement[bool]:
    if isinstance(wanted, int):
        return Recipient.id == wanted
    if wanted.isdecimal():
        return Recipient.id == row_number(wanted)
    return Recipient.comparable == parse_address(wanted).comparable


def _made_up(editions: Editions) -> Reader:
    edition = editions.chosen(editions.default_locale)
    fields = {name: f"[{name}]" for name in edition.press.fields}
    return Reader("ann@example.org", "Ann Example", fields, edition.letter.locale)
