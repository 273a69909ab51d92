"""What a person may do with a campaign under way: start, take off the schedule, pause, resume, cancel, send again."""

from __future__ import annotations

from edupulse.accounts.audit import record
from edupulse.campaigns import launch
from edupulse.campaigns.models import Campaign
from edupulse.campaigns.resend import resend
from edupulse.campaigns.rows import locked, moved, subject_of, words_of
from edupulse.campaigns.settling import ENDS, settle
from edupulse.campaigns.starting import start
from edupulse.clock import now
from edupulse.errors import Conflict
from edupulse.mail import mailings
from edupulse.transaction import transaction

__all__ = ["cancel", "pause", "resend", "resume", "settle", "start", "unschedule"]

UNFINISHED = ("draft", "scheduled", "running")
PERSON = "person"  # the cause of a hold that nobody but a person ends


def unschedule(campaign_id: int, *, actor: str) -> Campaign:
    """Make a scheduled campaign a draft again; its hour stays as a wish. Raises NotFound, Conflict once it runs."""
    with transaction() as session:
        campaign = locked(session, campaign_id)
        if campaign.is_draft:
            return campaign
        if campaign.stored_state != "scheduled":
            raise _not_now(
                campaign, "cannot be taken off the schedule", "Pause or cancel it, if it still runs."
            )
        campaign.stored_state, campaign.question, campaign.mailing.planned = "draft", None, 0
        moves = moved("scheduled", campaign)
        record(actor, "campaign.unschedule", subject_of(campaign_id), at=campaign.scheduled_at, **moves)
    return campaign


def pause(campaign_id: int, *, actor: str, reason: str = "") -> Campaign:
    """Hold a running campaign: not one mail more per connection leaves. Raises NotFound, Conflict."""
    why = reason.strip()[:500] or f"{actor} paused it."
    with transaction() as session:
        campaign = _running(locked(session, campaign_id), "cannot be paused")
        was = campaign.state
        held = mailings.hold(
            campaign.mailing_id, cause=PERSON, reason=why, cure="Resume it when it may go on.", actor=actor
        )
        session.refresh(campaign.mailing)
        if held:
            moves = moved(was, campaign)
            record(actor, "campaign.pause", subject_of(campaign_id), reason=reason.strip()[:500], **moves)
    return campaign


def resume(campaign_id: int, *, actor: str) -> Campaign:
    """Let a paused campaign go on where it was; one that runs just runs. Raises NotFound, Conflict."""
    with transaction() as session:
        campaign = _running(locked(session, campaign_id), "cannot be resumed")
        was, released = campaign.state, mailings.release(campaign.mailing_id)
        session.refresh(campaign.mailing)
        if released:
            record(actor, "campaign.resume", subject_of(campaign_id), **moved(was, campaign))
    return campaign


def cancel(campaign_id: int, *, actor: str, reason: str = "") -> Campaign:
    """End a campaign for good: what has not left stays here, what is past its final dot goes its way.

    Raises NotFound, and Conflict for one that has finished.
    """
    why = reason.strip()[:500]
    with transaction() as session:
        campaign = locked(session, campaign_id)
        if campaign.stored_state == "cancelled":
            return campaign
        if campaign.stored_state not in UNFINISHED:
            raise _not_now(campaign, "cannot be cancelled", "All its mails have gone their way.")
        was = campaign.state
        taken_back = mailings.cancel(
            campaign.mailing_id, reason=f"{actor} cancelled the campaign. {why}".strip()
        )
        campaign.stored_state, campaign.question, campaign.finished_at = "cancelled", None, now()
        moves = moved(was, campaign)
        record(actor, "campaign.cancel", subject_of(campaign_id), mails=taken_back, reason=why, **moves)
        session.flush()
        if launch.is_to_be_frozen(campaign):  # who has no row yet gets one that says so
            launch.ask_for(campaign_id, actor=actor)
        session.refresh(campaign.mailing)
    return campaign


def _running(campaign: Campaign, cannot: str) -> Campaign:
    if campaign.stored_state == "running":
        return campaign
    cures = {"draft": "Start it first.", "scheduled": "Take it off the schedule instead."}
    cure = cures.get(
        campaign.stored_state, "It is over." if campaign.stored_state in ENDS else "Duplicate it."
    )
    raise _not_now(campaign, cannot, cure)


def _not_now(campaign: Campaign, cannot: str, cure: str) -> Conflict:
    return Conflict(
        f"“{campaign.name}” is {words_of(campaign)} and {cannot}.",
        cure=cure,
        campaign_id=campaign.id,
        state=campaign.state,
    )
