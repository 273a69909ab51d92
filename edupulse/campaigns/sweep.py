"""The net under campaigns: what is due begins, what is overdue is asked about, what died goes on, what is over ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session

from edupulse.accounts.audit import entries_of, record
from edupulse.campaigns.launch import FREEZABLE, ask_for, is_to_be_frozen, launch_key
from edupulse.campaigns.models import Campaign
from edupulse.campaigns.rows import locked, subject_of
from edupulse.campaigns.settling import ENDS, settle
from edupulse.campaigns.starting import SWEEP, launch_due
from edupulse.config import current_settings
from edupulse.control.models import OPEN_ROWS as OPEN_RUNS
from edupulse.control.models import JobRun
from edupulse.control.schedule import wake
from edupulse.logs import get_logger
from edupulse.mail import mailings, senders
from edupulse.mail.mailing import Mailing
from edupulse.mail.models import OPEN_STATES, Delivery
from edupulse.transaction import transaction
from edupulse.walltime import to_local

LATEST_START = timedelta(hours=2)  # a campaign later than this may say what is not true any more
STANDSTILL = timedelta(minutes=3)  # longer than the line waits between two mails that are due
SOON = timedelta(minutes=2)  # what is due by then is armed again, should Redis have forgotten it
RESTART = "campaign.restart"
DEEDS = ("launched", "relaunched", "asked", "restarted", "finished", "reopened", "failed")
PUMP = "mail.pump"

log = get_logger(__name__)


def sweep(now: datetime) -> dict[str, int]:
    """Bring on every campaign that waits for nobody; return how many were launched, asked about, restarted, ended.

    Done twice, or by two at once, it changes nothing more.
    """
    _arm_coming(now)
    did = Counter(_tried(_bring_on, campaign_id, now) for campaign_id in _waiting(now))
    did["restarted"] = _restart_standing(now)
    did += Counter(_tried(_settled, campaign_id, now) for campaign_id in _to_settle())
    return {what: did[what] for what in DEEDS}


def _tried(act: Callable[[int, datetime], str], campaign_id: int, now: datetime) -> str:
    """Return what `act` did; a campaign at which it fails must not hold up the others."""
    try:
        return act(campaign_id, now)
    except Exception:
        log.exception("a campaign could not be brought on", campaign_id=campaign_id)
        return "failed"


def _arm_coming(now: datetime) -> None:
    coming = select(Campaign.scheduled_at).where(
        Campaign.stored_state == "scheduled", Campaign.scheduled_at > now, Campaign.scheduled_at <= now + SOON
    )
    with transaction() as session:
        for at in session.scalars(coming):
            if at is not None:
                wake(SWEEP, at)


def _waiting(now: datetime) -> Sequence[int]:
    """Return the campaigns whose hour has come, and those that have begun and are not frozen."""
    is_due = and_(Campaign.stored_state == "scheduled", Campaign.scheduled_at <= now)
    is_begun = and_(Campaign.launched_at.is_not(None), Campaign.frozen_at.is_(None))
    unfrozen = and_(Campaign.stored_state.in_(FREEZABLE), is_begun)
    return _ids(Campaign.question.is_(None), or_(is_due, unfrozen))


def _bring_on(campaign_id: int, now: datetime) -> str:
    with transaction() as session:
        campaign = locked(session, campaign_id)
        since = _waits_since(campaign)
        if campaign.question is None and since is not None and since < now - LATEST_START:
            return _ask(campaign, since)
        if launch_due(campaign_id, now):
            return "launched"
        if not is_to_be_frozen(campaign) or _has_open_run(
            session, JobRun.unique_key == launch_key(campaign_id)
        ):
            return ""
        log.warning("a launch is begun again", campaign_id=campaign_id)
        ask_for(campaign_id, actor="system")
        return "relaunched"


def _waits_since(campaign: Campaign) -> datetime | None:
    """Return when the first mail should have left of a campaign of which none could yet."""
    if campaign.stored_state == "scheduled":
        return campaign.scheduled_at
    return campaign.launched_at if campaign.stored_state == "running" and campaign.frozen_at is None else None


def _ask(campaign: Campaign, since: datetime) -> str:
    """Send nothing until a person has said that it still holds."""
    zone = current_settings().timezone
    campaign.question = (
        f"“{campaign.name}” should have been sent on {to_local(since, zone):%Y-%m-%d at %H:%M} ({zone}), and that was "
        "not possible. Is it still right to send it?"
    )
    record("system", "campaign.ask", subject_of(campaign.id), due=since)
    log.warning("an overdue campaign waits for an answer", campaign_id=campaign.id, due=since.isoformat())
    return "asked"


def _restart_standing(now: datetime) -> int:
    """Start the pumps of mailings that have mails to send and nobody who does; return for how many."""
    with transaction() as session:
        if _has_open_run(session, JobRun.name == PUMP):
            return 0
        standing = _ids(*_with_waiting_mails())
        if not standing or senders.ready(now) is None:
            return 0
        for campaign_id in standing:
            campaign = locked(session, campaign_id)
            mailings.start_pumps()
            _report_standstill(campaign, now)
    return len(standing)


def _with_waiting_mails() -> tuple[Any, ...]:
    waiting = exists().where(Delivery.mailing_id == Mailing.id, Delivery.state == "queued")
    may_leave = (Mailing.opened_at.is_not(None), Mailing.held_at.is_(None), Mailing.over_at.is_(None))
    is_running = (Campaign.stored_state == "running", Campaign.frozen_at.is_not(None))
    return (*is_running, exists().where(Mailing.id == Campaign.mailing_id, *may_leave, waiting))


def _report_standstill(campaign: Campaign, now: datetime) -> None:
    """Say once that nothing has moved for long; what only just began, or moved, needs no words."""
    mailing = campaign.mailing
    since = max(at for at in (mailing.progressed_at, mailing.opened_at, mailing.created_at) if at is not None)
    if since > now - STANDSTILL or _was_reported(campaign, since):
        return
    record("system", RESTART, subject_of(campaign.id), standing_since=since)
    log.error("a campaign stood still and is restarted", campaign_id=campaign.id, since=since.isoformat())


def _was_reported(campaign: Campaign, since: datetime) -> bool:
    return any(each.action == RESTART and each.at >= since for each in entries_of(subject_of(campaign.id)))


def _to_settle() -> Sequence[int]:
    """Return the campaigns of which nothing is open, and those that have ended and of which something is again."""
    is_open = exists().where(Delivery.mailing_id == Campaign.mailing_id, Delivery.state.in_(OPEN_STATES))
    has_ended = and_(Campaign.stored_state == "running", Campaign.frozen_at.is_not(None), ~is_open)
    is_not_over = exists().where(Mailing.id == Campaign.mailing_id, Mailing.over_at.is_(None))
    return _ids(or_(has_ended, and_(Campaign.stored_state.in_(ENDS), is_not_over)))


def _settled(campaign_id: int, now: datetime) -> str:
    return "finished" if settle(campaign_id) in ENDS else "reopened"


def _has_open_run(session: Session, condition: Any) -> bool:
    return bool(session.scalar(select(exists().where(OPEN_RUNS, condition))))


def _ids(*conditions: Any) -> Sequence[int]:
    with transaction() as session:
        return session.scalars(select(Campaign.id).where(*conditions).order_by(Campaign.id)).all()
