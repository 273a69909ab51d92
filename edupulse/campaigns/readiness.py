"""What stands in the way of a start: findings of the preflight, an open question, an hour that cannot be, haste."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from edupulse.campaigns.models import Campaign, Intake, Recipient
from edupulse.campaigns.preflight import preflight
from edupulse.campaigns.rows import audience_size, words_of
from edupulse.clock import now
from edupulse.database import db
from edupulse.errors import Conflict, Invalid

STARTS_A_MINUTE = 10  # more than that is a program gone wild and no person's wish
MINUTE = timedelta(minutes=1)
FARTHEST = timedelta(days=366)  # a later hour is a slip in the year


def checked_hour(at: datetime | None) -> datetime | None:
    """Return the instant at which to send, None for now. Raises Invalid for one that has passed or is far off."""
    if at is None:
        return None
    moment = now()
    if at.tzinfo is None:
        raise Invalid("The hour of sending needs a time zone.", cure="Pass an aware time.", field="at")
    if at < moment - MINUTE:
        raise Invalid(
            "The hour of sending has passed.", cure="Choose a later one, or send it now.", field="at"
        )
    if at > moment + FARTHEST:
        raise Invalid("The hour of sending is more than a year away.", cure="Check the year.", field="at")
    return at if at > moment else None


def standing(campaign: Campaign) -> tuple[Any, ...]:
    """Return what may not change between the preflight and the start: text, files and people."""
    newest = (
        select(func.max(model.id)).where(model.campaign_id == campaign.id).scalar_subquery()
        for model in (Recipient, Intake)
    )
    people = db.session.execute(select(*newest)).one()
    return (campaign.revision, campaign.updated_at, audience_size(campaign.id), *people)


def refuse_unready(campaign: Campaign, *, is_now: bool, confirm: bool) -> None:
    """Raise Conflict for a campaign that is over, or whose question nobody has answered."""
    if campaign.stored_state not in ("draft", "scheduled", "running"):
        raise Conflict(
            f"“{campaign.name}” is {words_of(campaign)} and does not begin again.",
            cure="Duplicate it, or resend it to those who did not get it.",
            campaign_id=campaign.id,
            state=campaign.state,
        )
    if campaign.question and campaign.stored_state == "running" and not is_now:
        raise Conflict(
            f"“{campaign.name}” has begun and cannot be put off to another hour.",
            cure="Confirm that it shall be sent now, or cancel it and start a copy.",
            campaign_id=campaign.id,
        )
    if campaign.question and is_now and not confirm:
        raise Conflict(
            campaign.question,
            cure="Confirm that it shall be sent now, choose another hour, or cancel it.",
            campaign_id=campaign.id,
            question=campaign.question,
        )


def refuse_red(campaign: Campaign) -> None:
    """Run the preflight; raise Invalid with everything that it found in the way, and what to do about each."""
    red = [finding for finding in preflight(campaign.id).findings if finding.level == "red"]
    if not red:
        return
    said = [" ".join(part for part in (each.what, each.detail, each.cure) if part) for each in red]
    raise Invalid(
        f"“{campaign.name}” cannot be sent yet. {_numbered(said)}", campaign_id=campaign.id, findings=said
    )


def refuse_haste(session: Session) -> None:
    """Raise Conflict when too many campaigns began within the last minute."""
    moment = now()
    recent = select(func.count(), func.min(Campaign.launched_at)).where(
        Campaign.launched_at > moment - MINUTE
    )
    count, oldest = session.execute(recent).one()
    if oldest is not None and count >= STARTS_A_MINUTE:
        wait = max(1, round((oldest + MINUTE - moment).total_seconds()))
        raise Conflict(
            f"{count} campaigns have begun within the last minute; at most {STARTS_A_MINUTE} may.",
            cure=f"Start this one in {wait} seconds.",
            retry_after=wait,
        )


def _numbered(said: Sequence[str]) -> str:
    if len(said) == 1:
        return said[0]
    return " ".join(f"({number}) {each}" for number, each in enumerate(said, start=1))
