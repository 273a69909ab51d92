"""`/campaigns/<id>/start` and what else moves a campaign; pressed twice it is done once."""

from __future__ import annotations

from flask import Response

from edupulse.api.answers import answer
from edupulse.api.campaigns import facts_of
from edupulse.api.gate import actor
from edupulse.api.noun import Noun
from edupulse.api.words import moment, said
from edupulse.campaigns import lifecycle, monitor

noun = Noun("orders", __name__, url_prefix="/campaigns/<int:campaign_id>")


@noun.post("/start/")
def start(campaign_id: int) -> Response:
    """Let it leave now, or `at` an hour; `confirm` answers what was asked."""
    words = said(at=str, confirm=bool)
    at = moment(words["at"], "at") if "at" in words else None
    campaign = lifecycle.start(campaign_id, actor=actor(), at=at, confirm=bool(words.get("confirm")))
    return answer(facts_of(campaign), 202)


@noun.post("/unschedule/")
def unschedule(campaign_id: int) -> Response:
    """Make a scheduled campaign a draft again."""
    said()
    return answer(facts_of(lifecycle.unschedule(campaign_id, actor=actor())))


@noun.post("/pause/")
def pause(campaign_id: int) -> Response:
    """Hold it; `reason` is shown to others."""
    reason = said(reason=str).get("reason", "")
    return answer(facts_of(lifecycle.pause(campaign_id, actor=actor(), reason=reason)))


@noun.post("/resume/")
def resume(campaign_id: int) -> Response:
    """Let it go on."""
    said()
    return answer(facts_of(lifecycle.resume(campaign_id, actor=actor())))


@noun.post("/cancel/")
def cancel(campaign_id: int) -> Response:
    """End it for good; what has not left stays here."""
    reason = said(reason=str).get("reason", "")
    return answer(facts_of(lifecycle.cancel(campaign_id, actor=actor(), reason=reason)))


@noun.post("/resend/")
def resend(campaign_id: int) -> Response:
    """Send it again to `who`: failed, unknown or joined."""
    mails = lifecycle.resend(campaign_id, said(who=str).get("who", ""), actor=actor())
    return answer({"mails": mails, "state": monitor.campaign(campaign_id).state}, 202)
