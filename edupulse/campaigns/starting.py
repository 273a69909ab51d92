"""A campaign begins, now or at an hour: what is wrong stops it, what is doubtful is asked, its quota is reserved."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from edupulse.accounts.audit import record
from edupulse.campaigns import here as in_this_process
from edupulse.campaigns import launch
from edupulse.campaigns.models import Campaign
from edupulse.campaigns.quota import reserve
from edupulse.campaigns.readiness import checked_hour, refuse_haste, refuse_red, refuse_unready, standing
from edupulse.campaigns.rows import existing, locked, moved, subject_of
from edupulse.clock import now
from edupulse.control.schedule import wake
from edupulse.errors import Conflict
from edupulse.transaction import transaction

SWEEP = "campaigns.sweep"


def start(
    campaign_id: int, *, actor: str, at: datetime | None = None, confirm: bool = False, here: bool = False
) -> Campaign:
    """Let a campaign leave: now, or at the aware instant `at`; with `here` in this process, without workers.

    `confirm` answers what is asked: whether one that is overdue shall still go, whether it may take several days.
    What has begun goes on as it is. Raises NotFound, Invalid with all that stands in its way, and Conflict with
    what to do.
    """
    campaign, when = existing(campaign_id), checked_hour(at)
    refuse_unready(campaign, is_now=when is None, confirm=confirm)
    if _is_so_already(campaign, when):
        return campaign
    if here:
        in_this_process.refuse(campaign)
    if campaign.stored_state == "running":
        return _launch_again(campaign_id, actor)
    seen = standing(campaign)
    refuse_red(campaign)
    if not _begin(campaign_id, seen, when, actor, confirm=confirm, by_workers=not here) or not here:
        return existing(campaign_id)
    return in_this_process.send(campaign_id)


def launch_due(campaign_id: int, moment: datetime) -> bool:
    """Begin a scheduled campaign whose hour has come; say whether it was this call that did."""
    with transaction() as session:
        campaign = locked(session, campaign_id)
        if campaign.stored_state != "scheduled" or campaign.question or not _has_come(campaign, moment):
            return False
        _launch(campaign, "system", by_workers=True, scheduled_at=campaign.scheduled_at)
    return True


def _is_so_already(campaign: Campaign, when: datetime | None) -> bool:
    if campaign.question:
        return False
    waits_for_it = campaign.stored_state == "scheduled" and when is not None and campaign.scheduled_at == when
    return waits_for_it or campaign.stored_state == "running"


def _begin(
    campaign_id: int, seen: Any, when: datetime | None, actor: str, *, confirm: bool, by_workers: bool
) -> bool:
    """Move the campaign on if it still is what was checked; False when somebody else was faster."""
    with transaction() as session:
        campaign = locked(session, campaign_id)
        if campaign.stored_state == "running":
            return False
        refuse_unready(campaign, is_now=when is None, confirm=confirm)
        if standing(campaign) != seen:
            cure = "Look at it again, then start it."
            raise Conflict(f"“{campaign.name}” was changed while it was checked.", cure=cure)
        reserve(session, campaign, when or now(), confirm=confirm)
        if when is not None:
            _schedule(campaign, when, actor)
        else:
            refuse_haste(session)
            campaign.scheduled_at = None
            _launch(campaign, actor, by_workers=by_workers)
    return True


def _schedule(campaign: Campaign, when: datetime, actor: str) -> None:
    was, before = campaign.state, campaign.scheduled_at
    campaign.stored_state, campaign.scheduled_at, campaign.question = "scheduled", when, None
    moves = moved(was, campaign, scheduled_at=when)
    moves["before"]["scheduled_at"] = before
    record(actor, "campaign.schedule", subject_of(campaign.id), at=when, **moves)
    wake(SWEEP, when)


def _launch(campaign: Campaign, actor: str, *, by_workers: bool, **detail: Any) -> None:
    was = campaign.state
    campaign.stored_state, campaign.launched_at, campaign.question = "running", now(), None
    detail |= {"recipients": campaign.mailing.planned, **moved(was, campaign)}
    record(actor, "campaign.start", subject_of(campaign.id), **detail)
    if by_workers:
        launch.ask_for(campaign.id, actor=actor)


def _launch_again(campaign_id: int, actor: str) -> Campaign:
    """Go on with a campaign that had begun, stood still for long, and shall be sent all the same."""
    with transaction() as session:
        campaign = locked(session, campaign_id)
        if campaign.stored_state == "running" and campaign.question:
            _launch(campaign, actor, by_workers=True, confirmed=True)
    return campaign


def _has_come(campaign: Campaign, moment: datetime) -> bool:
    return campaign.scheduled_at is not None and campaign.scheduled_at <= moment
