"""What stands in the way of a campaign's mails, and to whom it may be sent again: a sentence and a button for each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import url_for

from edupulse.campaigns.models import Campaign
from edupulse.campaigns.monitor import Hold, Progress
from edupulse.web.filters import counted

ENDED = ("finished", "finished_with_failures")


@dataclass(frozen=True)
class Obstacle:
    """What holds the mails up, and the button that lets them go on."""

    tone: str
    title: str
    reason: str
    cure: str
    since: datetime | None = None
    target: str = ""
    button: str = ""


@dataclass(frozen=True)
class Resend:
    """Some who did not get it, and the button that sends it to them."""

    who: str  # failed | unknown | joined
    tone: str
    title: str
    sentence: str
    button: str
    confirm: str = ""


def holds(campaign: Campaign, now: Progress) -> list[Obstacle]:
    """Return what holds it: the campaign's own pause, and that of the account."""
    found = [_own(campaign, now.hold)] if now.hold else []
    if now.account and now.account.cause != "no_worker" and now.left:
        found.append(_account(now.account))
    return found


def resends(campaign: Campaign, now: Progress) -> list[Resend]:
    """Return to whom it may be sent again; only when nothing is under way."""
    if campaign.state not in ENDED:
        return []
    found = [_unknown(now.counts["unknown"]), _failed(now.counts["rejected"])]
    may_have_grown = any(":" in intake.source for intake in campaign.intakes)
    return [each for each in (*found, _JOINED if may_have_grown else None) if each]


def _own(campaign: Campaign, hold: Hold) -> Obstacle:
    title = "It paused itself" if hold.by == "system" else f"Paused by {hold.by}"
    target = url_for("campaign_orders.resume", campaign_id=campaign.id)
    return Obstacle("wait", title, hold.reason, hold.cure, hold.since, target, "Resume")


def _account(hold: Hold) -> Obstacle:
    if hold.resumes_at:
        title = "The account waits, and goes on by itself"
        return Obstacle("wait", title, hold.reason, hold.cure, hold.since)
    target = url_for("dashboard.resume_sender")
    return Obstacle(
        "bad", "The account is paused", hold.reason, hold.cure, hold.since, target, "It is mended: go on"
    )


def _unknown(count: int) -> Resend | None:
    if not count:
        return None
    return Resend(
        "unknown",
        "doubt",
        f"{counted(count, 'mail')} may or may not have arrived",
        "The line broke after they were handed over. Ask the people first, if they are few: they stand in the "
        "list. What is sent again keeps its number, so that many mailboxes show it once.",
        "Send again",
        "Whoever did get the first mail may see it twice.",
    )


def _failed(count: int) -> Resend | None:
    if not count:
        return None
    return Resend(
        "failed",
        "bad",
        f"{counted(count, 'mail')} refused",
        "Mailboxes that do not exist are left out; the others may take it by now. Nobody who has it gets it again.",
        "Try again",
    )


_JOINED = Resend(
    "joined",
    "mute",
    "Somebody may have joined since",
    "The event or list that its people came from is looked at once more; only those who are new get it.",
    "Send to the new ones",
)
