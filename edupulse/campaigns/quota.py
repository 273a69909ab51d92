"""What an account may still send within a day, counted in the ledger itself, and on which days a campaign goes out.

Nothing is booked, so nothing can be booked twice: what is used are the tries that reached the server, what is
reserved are the people of campaigns that have begun or will, and the mails that still wait.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from edupulse.campaigns.models import Campaign
from edupulse.campaigns.rows import audience_size
from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.database import db
from edupulse.errors import Conflict
from edupulse.mail.limits import limits_of
from edupulse.mail.mailing import Mailing
from edupulse.mail.models import OPEN_ROWS, OPEN_STATES, Attempt, Delivery, Sender
from edupulse.mail.outcome import Phase
from edupulse.mail.senders import provider
from edupulse.walltime import to_local

DAY = timedelta(hours=24)  # providers count within any 24 hours, not from midnight
REACHED_THE_SERVER = (Phase.DOT.value, Phase.ACCEPTED.value)  # what a provider counts, taken or not
SHOWN_DAYS = 3  # of a long plan; the last day is named too


@dataclass(frozen=True)
class Allowance:
    """An account's day: `per_day` mails in any 24 hours (None: nobody says), how many went, how many are promised."""

    per_day: int | None
    used: int = 0
    reserved: int = 0


def plan_by_day(count: int, allowance: Allowance) -> list[int]:
    """Return how many of `count` mails go on the first day and on each day after it; 0 where others go first."""
    if not allowance.per_day:
        return [count] if count > 0 else []
    return list(_days(count, allowance.per_day, used=allowance.used, ahead=allowance.reserved))


def in_words(plan: list[int], starts: datetime) -> str:
    """Say a plan: "200 on 12 March, 500 on 13 March", on the organisation's calendar."""
    zone = current_settings().timezone
    days = [(to_local(starts + DAY * place, zone), count) for place, count in enumerate(plan) if count]
    said = [f"{count:,} on {day:%-d %B}" for day, count in days]
    if len(said) <= SHOWN_DAYS + 1:
        return ", ".join(said)
    return f"{', '.join(said[:SHOWN_DAYS])}, and so on until {days[-1][0]:%-d %B %Y}"


def reserve(session: Session, campaign: Campaign, moment: datetime, *, confirm: bool) -> None:
    """Promise the account's quota to the campaign from `moment` on.

    The account's row is held until the running transaction ends, so that two campaigns cannot be promised the same.
    Raises Conflict, with the days, where more than one is needed and nobody has confirmed that.
    """
    sender_id = campaign.mailing.sender_id
    session.execute(select(Sender.id).where(Sender.id == sender_id).with_for_update(key_share=True))
    count = audience_size(campaign.id)
    allowance = allowance_at(moment, sender_id, besides=campaign.id)
    plan = plan_by_day(count, allowance)
    if len(plan) > 1 and not confirm:
        raise _several_days(plan, allowance, moment)
    campaign.mailing.planned = count


def allowance_at(moment: datetime, sender_id: int, *, besides: int) -> Allowance:
    """Return the account's day around the aware instant `moment`, seen by the campaign `besides`."""
    per_day = per_day_limit()
    if per_day is None:
        return Allowance(None)
    others = _others(sender_id, besides)
    at_that_time = and_(
        Campaign.stored_state == "scheduled",
        Campaign.scheduled_at > moment - DAY,
        Campaign.scheduled_at < moment + DAY,
    )
    under_way = _count(others.where(Campaign.stored_state == "running")) + _waiting(moment, sender_id)
    days_until_then = max(0, (moment - now()) // DAY)
    reserved = max(0, under_way - days_until_then * per_day) + _count(others.where(at_that_time))
    return Allowance(per_day, _used(moment, sender_id), reserved)


def per_day_limit() -> int | None:
    """Return how many mails the account may send in any 24 hours, None where nobody says."""
    return limits_of(provider(), current_settings()).per_day


def _days(count: int, per_day: int, *, used: int, ahead: int) -> Iterator[int]:
    room = max(0, per_day - used)
    while count > 0:
        others = min(ahead, room)
        ours = min(count, room - others)
        yield ours
        ahead, count, room = ahead - others, count - ours, per_day


def _used(moment: datetime, sender_id: int) -> int:
    """Count the tries of the 24 hours before `moment` that reached the server.

    Tries are numbered in their order, so the last older one says where these begin: no other row is read.
    """
    since = moment - DAY
    older = select(Attempt.id).where(Attempt.at <= since).order_by(Attempt.id.desc()).limit(1)
    begin = db.session.scalar(older) or 0
    recent = and_(Attempt.id > begin, Attempt.at > since, Attempt.phase.in_(REACHED_THE_SERVER))
    return _count(
        select(func.count())
        .select_from(Attempt)
        .join(Delivery, Delivery.id == Attempt.delivery_id)
        .where(recent, Delivery.sender_id == sender_id)
    )


def _several_days(plan: list[int], allowance: Allowance, moment: datetime) -> Conflict:
    return Conflict(
        f"The account may send {allowance.per_day:,} mails within 24 hours; {allowance.used:,} have gone and "
        f"{allowance.reserved:,} are promised. So these mails go out in parts or later: {in_words(plan, moment)}.",
        cure="Confirm that it may, or send it to fewer people.",
        plan_by_day=plan,
    )


def _others(sender_id: int, besides: int) -> Select[int]:
    """Return the sum over the people of other campaigns whose mails do not wait in the ledger yet."""
    unopened = (Mailing.opened_at.is_(None), Mailing.over_at.is_(None), Mailing.sender_id == sender_id)
    return (
        select(func.coalesce(func.sum(Mailing.planned), 0))
        .join(Campaign, Campaign.mailing_id == Mailing.id)
        .where(*unopened, Campaign.id != besides)
    )


def _waiting(moment: datetime, sender_id: int) -> int:
    soon = and_(Delivery.state.in_(OPEN_STATES), Delivery.next_attempt_at < moment + DAY)
    frozen = or_(Delivery.mailing_id.is_(None), Mailing.opened_at.is_not(None))
    return _count(
        select(func.count())
        .select_from(Delivery)
        .outerjoin(Mailing, Mailing.id == Delivery.mailing_id)
        .where(OPEN_ROWS, soon, frozen, Delivery.sender_id == sender_id)
    )


def _count(counted: Select[int]) -> int:
    return int(db.session.scalar(counted) or 0)
