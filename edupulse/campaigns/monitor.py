"""What the doors ask about campaigns: the list, how far one has come, what holds it up, its mails by state."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, func, or_, select

from edupulse.campaigns.counts import counts_of, settled
from edupulse.campaigns.models import Campaign, Recipient
from edupulse.campaigns.numbered import Place, page_by_number
from edupulse.campaigns.progress import Hold, Progress, progress
from edupulse.campaigns.rows import existing
from edupulse.database import db
from edupulse.errors import Invalid
from edupulse.mail.addresses import parse_address
from edupulse.mail.mailing import Mailing
from edupulse.mail.models import STATES, Delivery
from edupulse.paging import PAGE_SIZE, Order, Page, page_of

__all__ = ["Hold", "Listed", "Progress", "campaign", "counts_of", "deliveries", "listing", "progress"]


@dataclass(frozen=True)
class Listed:
    """One campaign as a list shows it: how many people it goes to, and how many mails stand in each state."""

    campaign: Campaign
    total: int
    counts: dict[str, int]  # every state, zeros included; all zeros before it is frozen

    @property
    def done(self) -> int:
        """How many mails are settled, well or badly."""
        return settled(self.counts)


def campaign(campaign_id: int) -> Campaign:
    """Return one campaign as it is now; raises NotFound."""
    return existing(campaign_id)


def listing(state: str = "", cursor: str = "", size: int = PAGE_SIZE) -> Page[Listed]:
    """Return a page of campaigns in `state`, by default all, newest first; raises Invalid for a bad cursor."""
    query = select(Campaign).join(Mailing, Mailing.id == Campaign.mailing_id)
    page = page_of(
        query.where(*_in_state(state)), Order(Campaign.created_at, Campaign.id), cursor=cursor, size=size
    )
    counts = counts_of(campaign.mailing_id for campaign in page.items)
    planned = _audiences([campaign.id for campaign in page.items if campaign.frozen_at is None])
    return Page([_listed(each, counts, planned) for each in page.items], page.previous, page.next)


def deliveries(
    campaign_id: int, state: str = "", search: str = "", cursor: str = "", size: int = PAGE_SIZE
) -> Page[Delivery]:
    """Return a page of a campaign's mails in the order of its audience; raises NotFound, or Invalid.

    `search` is a whole address, found at once, or a part of a name or address.
    """
    mailing_id = existing(campaign_id).mailing_id
    about = _matching(campaign_id, search.strip())
    states = (state,) if state else STATES

    def look(place: Place, most: int) -> list[Delivery]:
        # State by state, because the index leads from mailing and state to the number; nothing is sorted.
        ids = [id for each in states for id in db.session.scalars(_ids(mailing_id, each, about, place, most))]
        nearest = sorted(ids, reverse=not place.onwards)[:most]
        rows = {row.id: row for row in db.session.scalars(select(Delivery).where(Delivery.id.in_(nearest)))}
        return [rows[id] for id in nearest]

    return page_by_number(look, cursor=cursor, size=size)


def _ids(
    mailing_id: int, state: str, about: list[ColumnElement[bool]], place: Place, most: int
) -> Select[int]:
    query = select(Delivery.id).where(Delivery.mailing_id == mailing_id, Delivery.state == state, *about)
    if place.onwards:
        return query.where(Delivery.id > place.id).order_by(Delivery.id).limit(most)
    return query.where(Delivery.id < place.id).order_by(Delivery.id.desc()).limit(most)


def _matching(campaign_id: int, search: str) -> list[ColumnElement[bool]]:
    if not search:
        return []
    try:
        return [Delivery.key == f"campaign:{campaign_id}::{parse_address(search).comparable}"]
    except Invalid:
        columns = (Delivery.address, Delivery.recipient_name)
        return [or_(*(column.icontains(search, autoescape=True) for column in columns))]


def _in_state(state: str) -> list[ColumnElement[bool]]:
    if not state:
        return []
    if state == "paused":
        return [Campaign.stored_state == "running", Mailing.held_at.is_not(None)]
    if state == "running":
        return [Campaign.stored_state == "running", Mailing.held_at.is_(None)]
    return [Campaign.stored_state == state]


def _audiences(campaign_ids: list[int]) -> dict[int, int]:
    counted = (
        select(Recipient.campaign_id, func.count())
        .where(Recipient.campaign_id.in_(campaign_ids))
        .group_by(Recipient.campaign_id)
    )
    return {row[0]: row[1] for row in db.session.execute(counted)}


def _listed(campaign: Campaign, counts: dict[int, dict[str, int]], planned: dict[int, int]) -> Listed:
    own = counts[campaign.mailing_id]
    total = planned.get(campaign.id, 0) if campaign.frozen_at is None else sum(own.values())
    return Listed(campaign, total, own)
