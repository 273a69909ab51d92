"""`/campaigns/<id>/start` and what else moves a campaign; pressed twice it is done once."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, Field

from edupulse.api.campaign_facts import Campaign, facts_of_campaign
from edupulse.api.gate import actor
from edupulse.api.idempotency import unkeyed
from edupulse.api.noun import Noun
from edupulse.api.schema import Body, Shown, Text
from edupulse.campaigns import lifecycle, monitor

noun = Noun("orders", __name__, url_prefix="/campaigns/<int:campaign_id>")


class CampaignStart(Body):
    """When it leaves, by default now; `confirm` answers what was asked."""

    at: AwareDatetime | None = Field(None, description="Within a year.")
    confirm: bool | None = Field(None, description="Yes to what was asked: several days, an hour long past.")


class CampaignStop(Body):
    """Why it does not go on."""

    reason: Text | None = Field(None, description="For others to read, up to 500 characters.")


class CampaignResending(Body):
    """Who gets it again: those whom it failed to reach, of whom that is unknown, or who joined since."""

    who: Literal["failed", "unknown", "joined"]


class ResentCampaign(Shown):
    """How many mails go again, and the campaign's state since."""

    mails: int
    state: str


@noun.post("/start/", body=CampaignStart, gives=Campaign, status=202)
@unkeyed  # every mail is made for trial first, too long for a transaction; what has begun goes on as it is
def start(campaign_id: int, body: CampaignStart) -> dict[str, Any]:
    """Let it leave now, or `at` an hour; `confirm` answers what was asked."""
    campaign = lifecycle.start(campaign_id, actor=actor(), at=body.at, confirm=bool(body.confirm))
    return facts_of_campaign(campaign)


@noun.post("/unschedule/", gives=Campaign)
def unschedule(campaign_id: int) -> dict[str, Any]:
    """Make a scheduled campaign a draft again."""
    return facts_of_campaign(lifecycle.unschedule(campaign_id, actor=actor()))


@noun.post("/pause/", body=CampaignStop, gives=Campaign)
def pause(campaign_id: int, body: CampaignStop) -> dict[str, Any]:
    """Hold it; `reason` is shown to others."""
    return facts_of_campaign(lifecycle.pause(campaign_id, actor=actor(), reason=body.reason or ""))


@noun.post("/resume/", gives=Campaign)
def resume(campaign_id: int) -> dict[str, Any]:
    """Let it go on."""
    return facts_of_campaign(lifecycle.resume(campaign_id, actor=actor()))


@noun.post("/cancel/", body=CampaignStop, gives=Campaign)
def cancel(campaign_id: int, body: CampaignStop) -> dict[str, Any]:
    """End it for good; what has not left stays here."""
    return facts_of_campaign(lifecycle.cancel(campaign_id, actor=actor(), reason=body.reason or ""))


@noun.post("/resend/", body=CampaignResending, gives=ResentCampaign, status=202)
def resend(campaign_id: int, body: CampaignResending) -> dict[str, Any]:
    """Send it again to `who`: failed, unknown or joined."""
    mails = lifecycle.resend(campaign_id, body.who, actor=actor())
    return {"mails": mails, "state": monitor.campaign(campaign_id).state}
