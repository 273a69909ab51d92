"""Who is in an audience, where they came from, and what is known of them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, or_, select

from edupulse.campaigns.models import Intake, Recipient
from edupulse.campaigns.numbered import Place, page_by_number
from edupulse.campaigns.rows import audience_size, existing
from edupulse.database import db
from edupulse.paging import PAGE_SIZE, Page

_LOOKED_AT = 100  # people of an intake, where it does not say itself which fields it brought


def recipients(
    campaign_id: int, search: str = "", cursor: str = "", *, size: int = PAGE_SIZE
) -> Page[Recipient]:
    """Return one page of the audience in the order of arrival; `search` is a part of a name or an address.

    Raises NotFound, and Invalid for a bad cursor.
    """
    existing(campaign_id)
    found = select(Recipient).where(Recipient.campaign_id == campaign_id, *_matching(search))

    def look(place: Place, most: int) -> Sequence[Recipient]:
        beyond = Recipient.id > place.id if place.onwards else Recipient.id < place.id
        nearest = Recipient.id.asc() if place.onwards else Recipient.id.desc()
        return db.session.scalars(found.where(beyond).order_by(nearest).limit(most)).all()

    return page_by_number(look, cursor=cursor, size=size)


def count(campaign_id: int) -> int:
    """Return how many people are in the audience."""
    return audience_size(campaign_id)


def intakes(campaign_id: int) -> list[Intake]:
    """Return what was taken in, oldest first; raises NotFound."""
    existing(campaign_id)
    return _intakes(campaign_id)


def field_names(campaign_id: int) -> list[str]:
    """Return the personal fields that letters to this audience may ask for, in order of appearance."""
    names: dict[str, None] = {}
    for intake in _intakes(campaign_id):
        said = intake.facts.get("fields")
        for name in _names_in(intake) if said is None else said:
            names[name] = None
    return list(names)


def _intakes(campaign_id: int) -> list[Intake]:
    taken = select(Intake).where(Intake.campaign_id == campaign_id)
    return list(db.session.scalars(taken.order_by(Intake.id)))


def _names_in(intake: Intake) -> list[str]:
    some = select(Recipient.fields).where(Recipient.intake_id == intake.id).limit(_LOOKED_AT)
    return list(dict.fromkeys(name for fields in db.session.scalars(some) for name in fields))


def _matching(search: str) -> list[ColumnElement[bool]]:
    if not search.strip():
        return []
    part = search.strip().lower()[:320]
    return [
        or_(
            Recipient.comparable.contains(part, autoescape=True),
            Recipient.name.icontains(part, autoescape=True),
        )
    ]
