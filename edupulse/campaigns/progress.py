"""How far a campaign has come, how fast it goes, when it will be done, and what it waits for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from edupulse.campaigns.counts import counts_of, settled
from edupulse.campaigns.estimate import Estimate, binding_words, estimate
from edupulse.campaigns.models import Campaign
from edupulse.campaigns.rows import audience_size, existing
from edupulse.campaigns.speed import nobody_sends, rate, used_today, way_out
from edupulse.clock import now
from edupulse.database import db
from edupulse.mail.models import Delivery, Sender

MOST_LOOKED_AT = 10_000  # deferred mails among which the next try is looked for; with more it is soon anyway


@dataclass(frozen=True)
class Hold:
    """Something that waits for a person, or for an instant: why, and what to do."""

    cause: str  # a stable word
    reason: str
    cure: str
    since: datetime | None = None
    by: str = ""  # a person, or "system"
    resumes_at: datetime | None = None  # by itself


@dataclass(frozen=True)
class Progress:
    """How far a campaign is. The counts sum up to `total`; `done` of them are settled, well or badly.

    `rate` is in mails a second over the last minute. `eta` is in seconds, None where it does not run.
    """

    campaign_id: int
    name: str
    state: str
    counts: dict[str, int]
    total: int
    done: int
    rate: float
    eta: float | None
    ends_at: datetime | None
    binding: str
    words: str  # what binds, in words
    hold: Hold | None  # of the campaign
    account: Hold | None  # of the account, or of what sends
    question: str | None
    next_try_at: datetime | None  # of those that were put off
    plan: tuple[int, ...]  # mails a day, where the daily allowance binds

    @property
    def left(self) -> int:
        """How many mails are still open."""
        return self.total - self.done


def progress(campaign_id: int) -> Progress:
    """Return how far the campaign has come; quick at a million deliveries. Raises NotFound."""
    moment = now()
    campaign = existing(campaign_id)
    counts = counts_of([campaign.mailing_id])[campaign.mailing_id]
    done = settled(counts)
    total = sum(counts.values()) if campaign.frozen_at else audience_size(campaign_id)
    account = _account_hold(campaign, moment)
    speed = rate(campaign.mailing_id, moment) if campaign.stored_state == "running" else 0.0
    way = way_out()
    used = used_today(way, campaign.mailing.sender_id, moment)
    expected = estimate(total - done, way.limits, used=used)
    next_try = _next_try(campaign, counts)
    eta = _eta(campaign, expected, account, speed, total - done, next_try, moment)
    is_over = campaign.stored_state in ("finished", "finished_with_failures", "cancelled")
    binding = "" if is_over else expected.binding
    return Progress(
        campaign_id=campaign_id,
        name=campaign.name,
        state=campaign.state,
        counts=counts,
        total=total,
        done=done,
        rate=speed,
        eta=eta,
        ends_at=None if eta is None else moment + timedelta(seconds=eta),
        binding=binding,
        words=binding_words(binding, way.limits, way.provider),
        hold=_hold(campaign),
        account=None if is_over else account,
        question=campaign.question,
        next_try_at=next_try,
        plan=expected.plan if binding == "per_day" else (),
    )


def _eta(
    campaign: Campaign,
    expected: Estimate,
    account: Hold | None,
    speed: float,
    left: int,
    next_try: datetime | None,
    moment: datetime,
) -> float | None:
    """Return the seconds until the last mail is settled, as far as that can be known."""
    waits_for_a_person = account is not None and account.resumes_at is None
    if campaign.state != "running" or waits_for_a_person or campaign.question:
        return None
    held_for = _seconds_until(account.resumes_at if account else None, moment)
    until_next_try = _seconds_until(next_try, moment)
    return max(expected.seconds + held_for, left / speed if speed else 0.0, until_next_try)


def _seconds_until(at: datetime | None, moment: datetime) -> float:
    return max(0.0, (at - moment).total_seconds()) if at else 0.0


def _hold(campaign: Campaign) -> Hold | None:
    mailing = campaign.mailing
    if mailing.held_at is None or campaign.stored_state != "running":
        return None
    return Hold(
        mailing.hold_cause or "",
        mailing.hold_reason or "It was paused.",
        mailing.hold_cure or "Resume it.",
        mailing.held_at,
        mailing.held_by or "",
    )


def _account_hold(campaign: Campaign, moment: datetime) -> Hold | None:
    """Return why nothing at all leaves: the account is paused, or no worker runs."""
    sender = db.session.get(Sender, campaign.mailing.sender_id, populate_existing=True)
    if sender is not None and sender.paused_at is not None:
        return Hold(
            sender.pause_cause or "",
            sender.pause_reason or "The account is paused.",
            sender.pause_cure or "",
            sender.paused_at,
            resumes_at=sender.resume_at,
        )
    idle = nobody_sends(moment)
    return Hold("no_worker", idle.summary, idle.cure) if idle else None


def _next_try(campaign: Campaign, counts: dict[str, int]) -> datetime | None:
    if campaign.stored_state != "running" or not 0 < counts["deferred"] <= MOST_LOOKED_AT:
        return None
    earliest = select(func.min(Delivery.next_attempt_at)).where(
        Delivery.mailing_id == campaign.mailing_id, Delivery.state == "deferred"
    )
    return db.session.scalar(earliest)
