"""`/campaigns`: listed, made, shown, changed, deleted, duplicated."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from edupulse.api.answers import page_of
from edupulse.api.campaign_facts import Campaign, CampaignInBrief, brief_facts, facts_of_campaign
from edupulse.api.campaign_words import CampaignChange, NewCampaign, read_draft
from edupulse.api.gate import actor
from edupulse.api.noun import Noun
from edupulse.api.schema import Body, Paged, PageOf, Shown
from edupulse.campaigns import drafts, monitor
from edupulse.campaigns.drafts import CampaignDraft

noun = Noun("campaigns", __name__, url_prefix="/campaigns")

# Of edupulse.campaigns.models.STATES, which a test compares
State = Literal[
    "", "draft", "scheduled", "running", "paused", "finished", "finished_with_failures", "cancelled"
]


class WhichCampaigns(Paged):
    """Those in `state`, by default all."""

    state: State = Field("", description="Only those in it.")


class CampaignCopy(Body):
    """What the copy takes along beside the texts."""

    with_recipients: bool | None = Field(None, description="Whether its audience goes along, by default not.")


class DeletedCampaign(Shown):
    """The id that was deleted."""

    deleted: int


@noun.get("/", query=WhichCampaigns, gives=PageOf[CampaignInBrief])
def list_campaigns(query: WhichCampaigns) -> dict[str, Any]:
    """List campaigns, newest first; `state` narrows it."""
    return page_of(monitor.listing(query.state, **query.page()), brief_facts)


@noun.post("/", body=NewCampaign, gives=Campaign, status=201)
def create(body: NewCampaign) -> dict[str, Any]:
    """Store a new draft."""
    return facts_of_campaign(drafts.create(read_draft(body, CampaignDraft()), actor=actor()))


@noun.get("/<int:campaign_id>/", gives=Campaign)
def show(campaign_id: int) -> dict[str, Any]:
    """Show one campaign with its texts."""
    return facts_of_campaign(monitor.campaign(campaign_id))


@noun.patch("/<int:campaign_id>/", body=CampaignChange, gives=Campaign)
def change(campaign_id: int, body: CampaignChange) -> dict[str, Any]:
    """Change what is named of a draft; `revision` refuses it if somebody else was faster."""
    campaign = monitor.campaign(campaign_id)
    seen = campaign.revision if body.revision is None else body.revision
    draft = read_draft(body, drafts.draft_of(campaign))
    return facts_of_campaign(drafts.change(campaign_id, draft, actor=actor(), revision=seen))


@noun.delete("/<int:campaign_id>/", gives=DeletedCampaign)
def delete(campaign_id: int) -> dict[str, Any]:
    """Throw a draft away."""
    drafts.delete(campaign_id, actor=actor())
    return {"deleted": campaign_id}


@noun.post("/<int:campaign_id>/duplicate/", body=CampaignCopy, gives=Campaign, status=201)
def duplicate(campaign_id: int, body: CampaignCopy) -> dict[str, Any]:
    """Make a new draft that says the same."""
    with_people = bool(body.with_recipients)
    return facts_of_campaign(drafts.duplicate(campaign_id, actor=actor(), with_recipients=with_people))
