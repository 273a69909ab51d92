"""A few mails leave from this process at once, through the same ledger and line, where no worker runs."""

from __future__ import annotations

import time
from datetime import timedelta

from sqlalchemy import func, select

from edupulse.campaigns.launch import freeze
from edupulse.campaigns.models import Campaign
from edupulse.campaigns.rows import audience_size, existing
from edupulse.campaigns.settling import settle
from edupulse.clock import now
from edupulse.control.parts import redis_service
from edupulse.database import db
from edupulse.errors import Invalid, Unavailable
from edupulse.mail import senders
from edupulse.mail.models import OPEN_STATES, Delivery
from edupulse.mail.pump import pump
from edupulse.mail.sweep import sweep

MOST = 50  # recipients: a person waits for it
PATIENCE = 60.0  # seconds; what has to wait longer, e.g. for a greylisting server, is left to the workers
NAP = 0.2  # seconds between two rounds


def refuse(campaign: Campaign) -> None:
    """Raise Invalid for a campaign that is too large to be waited for, Unavailable where Redis is away."""
    size = audience_size(campaign.id)
    if size > MOST:
        raise Invalid(
            f"“{campaign.name}” goes to {size:,} people; at most {MOST} can be written to from here.",
            cure="Start the workers (`./run up`, or the systemd units), then start it without --here.",
            campaign_id=campaign.id,
        )
    if redis_service().state != "up":
        raise Unavailable(
            "Redis cannot be reached, and without it the limits of the account cannot be kept: nothing was started.",
            cure="Start everything with `./run up`, or Redis alone; workers are not needed for this.",
        )


def send(campaign_id: int) -> Campaign:
    """Freeze the audience and send what is due within a minute; return the campaign as it is then."""
    freeze(campaign_id)
    mailing_id, ends = existing(campaign_id).mailing_id, time.monotonic() + PATIENCE
    pump(only=mailing_id)
    while settle(campaign_id) == "running" and _is_worth_waiting(mailing_id, ends):
        time.sleep(NAP)
        sweep(now())  # puts off no longer what was put off until now
        pump(only=mailing_id)
    return existing(campaign_id)


def _is_worth_waiting(mailing_id: int, ends: float) -> bool:
    """Say whether something may still leave before the time is over."""
    left = timedelta(seconds=max(0.0, ends - time.monotonic()))
    waiting = (Delivery.mailing_id == mailing_id, Delivery.state.in_(OPEN_STATES))
    soonest = db.session.scalar(select(func.min(Delivery.next_attempt_at)).where(*waiting))
    return bool(left) and soonest is not None and soonest <= now() + left and senders.ready(now()) is not None
