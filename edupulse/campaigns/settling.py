"""A campaign ends when nothing of it is open, and says whether everybody got it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from edupulse.accounts.audit import record
from edupulse.campaigns.models import Campaign
from edupulse.campaigns.rows import locked, subject_of
from edupulse.clock import now
from edupulse.errors import NotFound
from edupulse.logs import get_logger
from edupulse.mail import mailings
from edupulse.notifications.notify import tell_role
from edupulse.transaction import transaction

# What whoever reads "finished" should know about. The cancelled ones are those whose time had passed.
FAILURES = ("rejected", "unknown", "bounced", "cancelled")
ENDS = ("finished", "finished_with_failures")

log = get_logger(__name__)


def settle(campaign_id: int) -> str:
    """Finish the campaign if nothing of it is open; return its state. Raises NotFound.

    One that has finished is looked at again: a person may have found out about an unknown mail since, one may have
    bounced, or somebody sends one again.
    """
    with transaction() as session:
        campaign = locked(session, campaign_id)
        if campaign.stored_state in ENDS and campaign.mailing.over_at is None:
            set_going_again(campaign)
            record("system", "campaign.reopen", subject_of(campaign_id))
            session.flush()
        elif _has_ended(campaign):
            counts = mailings.counts(campaign.mailing_id)
            if (state := end_of(counts)) != campaign.stored_state:
                _finish(campaign, state, counts)
                session.flush()
        return campaign.state


def set_going_again(campaign: Campaign) -> None:
    """Let a campaign that had finished run: some of its mails are open again."""
    campaign.stored_state, campaign.finished_at = "running", None


def settle_mailing(mailing_id: int) -> str:
    """Do the same for the campaign of a mailing. Raises NotFound."""
    with transaction() as session:
        campaign_id = session.scalar(select(Campaign.id).where(Campaign.mailing_id == mailing_id))
    if campaign_id is None:
        raise NotFound(f"The mailing {mailing_id} is of no campaign.", mailing_id=mailing_id)
    return settle(campaign_id)


def end_of(counts: Mapping[str, int]) -> str:
    """Decide what a campaign is called of which nothing is open."""
    return "finished_with_failures" if any(counts[state] for state in FAILURES) else "finished"


def _has_ended(campaign: Campaign) -> bool:
    if campaign.stored_state in ENDS:
        return True
    is_frozen = campaign.stored_state == "running" and campaign.frozen_at is not None
    return is_frozen and mailings.close(campaign.mailing_id)


def _finish(campaign: Campaign, state: str, counts: Mapping[str, int]) -> None:
    campaign.stored_state = state
    campaign.finished_at = campaign.finished_at or now()
    found = {name: count for name, count in counts.items() if count}
    record("system", "campaign.finish", subject_of(campaign.id), state=state, **found)
    _tell(campaign, counts)
    log.info("campaign finished", campaign_id=campaign.id, state=state, **found)


def _tell(campaign: Campaign, counts: Mapping[str, int]) -> None:
    """Tell the operators once, when it ends for the first time."""
    failed = sum(counts[state] for state in FAILURES)
    facts = {"campaign_id": campaign.id, "name": campaign.name, "sent": counts["sent"], "failed": failed}
    link = f"/campaigns/{campaign.id}"
    tell_role("operator", "campaign_finished", f"campaign_finished:{campaign.id}", facts, link=link)
