"""Before a campaign begins everything is tried that can be tried without sending: what is red stops it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import func, select

from edupulse.campaigns.checks.account import account
from edupulse.campaigns.checks.editions import editions_of
from edupulse.campaigns.checks.finding import AMBER, FIRST, GREEN, RED, Finding, Report, Tally
from edupulse.campaigns.checks.letters import leftovers, letters
from edupulse.campaigns.checks.recipients import people
from edupulse.campaigns.checks.rendering import render_all
from edupulse.campaigns.checks.sizes import size_limit
from edupulse.campaigns.estimate import Estimate, binding_words, duration_words, estimate
from edupulse.campaigns.models import Campaign, Recipient
from edupulse.campaigns.quota import allowance_at, in_words
from edupulse.campaigns.rows import existing
from edupulse.campaigns.speed import Way, way_out
from edupulse.clock import now
from edupulse.database import db
from edupulse.mail.models import Suppression
from edupulse.mail.suppressions import scopes_of

__all__ = ["Finding", "Report", "preflight"]


def preflight(campaign_id: int) -> Report:
    """Make every recipient's mail for trial, look at letters, account and limits; send nothing. Raises NotFound.

    10,000 recipients take a few seconds, and memory does not grow with their number.
    """
    moment, campaign = now(), existing(campaign_id)
    way, editions = way_out(), editions_of(campaign)
    sender_id, starts = campaign.mailing.sender_id, campaign.scheduled_at or moment
    suppressed = _suppressed(campaign)
    found = render_all(campaign_id, editions, size_limit(way.provider))
    allowance = allowance_at(starts, sender_id, besides=campaign_id)
    count = found.recipients - suppressed.count
    expected = estimate(count, way.limits, used=allowance.used, reserved=allowance.reserved)
    findings = [
        *letters(editions),
        *people(found, editions, suppressed, size_limit(way.provider)),
        *account(sender_id, editions, moment),
        *_speed(expected, way, count, starts),
    ]
    if not any(each.level == RED for each in findings):
        findings.extend(leftovers(editions))
    return Report(
        campaign_id,
        tuple(sorted(findings, key=lambda each: (RED, AMBER, GREEN).index(each.level))),
        found.recipients,
        found.largest,
        expected,
        binding_words(expected.binding, way.limits, way.provider),
    )


def _suppressed(campaign: Campaign) -> Tally:
    about = select(Recipient.address).where(
        Recipient.campaign_id == campaign.id,
        select(Suppression.id)
        .where(
            Suppression.address == Recipient.comparable,
            Suppression.scope.in_(scopes_of(campaign.mailing.purpose)),
        )
        .exists(),
    )
    count = db.session.scalar(select(func.count()).select_from(about.subquery())) or 0
    first = list(db.session.scalars(about.order_by(Recipient.id).limit(FIRST))) if count else []
    return Tally(count, first)


def _speed(expected: Estimate, way: Way, count: int, starts: datetime) -> Iterator[Finding]:
    if count <= 0:
        return
    words = binding_words(expected.binding, way.limits, way.provider)
    if expected.binding == "per_day":
        days = f"{words} So it goes out in parts: {in_words(list(expected.plan), starts)}."
        yield Finding(
            AMBER,
            "It takes more than a day.",
            days,
            "Confirm that it may when you start it, or write to fewer people.",
            count,
            code="several_days",
        )
        return
    detail = words or "No limit of the account holds it up."
    yield Finding(
        GREEN, f"It takes about {duration_words(expected.seconds)}.", detail, code="eta", count=count
    )
