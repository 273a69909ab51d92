"""One campaign's row: found, or held against other changes while something is decided about it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from edupulse.campaigns.models import Campaign, Recipient
from edupulse.database import db
from edupulse.errors import Conflict, NotFound

# Only the campaign, not its mailing; and no stronger than an update needs, so that rows may refer to it meanwhile.
HOLD: dict[str, Any] = {"of": Campaign, "key_share": True}


def subject_of(campaign_id: int) -> str:
    """Return how the audit log names a campaign."""
    return f"campaign:{campaign_id}"


def existing(campaign_id: int) -> Campaign:
    """Return the campaign as it is now; raises NotFound."""
    found = db.session.get(Campaign, campaign_id, populate_existing=True)
    if found is None:
        raise _no_such(campaign_id)
    return found


def locked(session: Session, campaign_id: int) -> Campaign:
    """Return the campaign, held until the running transaction ends; raises NotFound."""
    found = session.get(Campaign, campaign_id, with_for_update=HOLD, populate_existing=True)
    if found is None:
        raise _no_such(campaign_id)
    return found


def refuse_unless_draft(campaign: Campaign) -> None:
    """Raise Conflict, saying what to do, for a campaign that may not be changed any more."""
    if campaign.is_draft:
        return
    cure = "Take it off the schedule first." if campaign.stored_state == "scheduled" else "Duplicate it."
    raise Conflict(
        f"“{campaign.name}” is {words_of(campaign)} and cannot be changed.",
        cure=cure,
        campaign_id=campaign.id,
        state=campaign.state,
    )


def words_of(campaign: Campaign) -> str:
    """Return the state for a sentence: "finished with failures", "a draft"."""
    return "a draft" if campaign.is_draft else campaign.state.replace("_", " ")


def moved(before: str, campaign: Campaign, **also: Any) -> dict[str, dict[str, Any]]:
    """Return for the audit log that the campaign's state was `before`, and what it is since."""
    return {"before": {"state": before}, "after": {"state": campaign.state, **also}}


def audience_size(campaign_id: int) -> int:
    """Return how many people the audience has."""
    counted = select(func.count()).select_from(Recipient).where(Recipient.campaign_id == campaign_id)
    return db.session.scalar(counted) or 0


def _no_such(campaign_id: int) -> NotFound:
    return NotFound(
        f"There is no campaign {campaign_id}.",
        cure="It may have been deleted: choose one from the list of campaigns.",
        campaign_id=campaign_id,
    )
