"""An audience is frozen: a delivery for everybody, chunk by chunk, then the mailing may leave, whatever dies."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from edupulse.accounts.audit import record
from edupulse.campaigns.deliveries import insert_deliveries
from edupulse.campaigns.models import Campaign, Recipient
from edupulse.campaigns.rows import audience_size, existing, locked, subject_of
from edupulse.clock import now
from edupulse.control import progress
from edupulse.control.enqueue import enqueue
from edupulse.database import db
from edupulse.logs import get_logger
from edupulse.mail import mailings
from edupulse.mail.models import OPEN_STATES
from edupulse.transaction import rows_changed, transaction

CHUNK = 2_000  # people in one statement: nobody else waits for the database longer than a moment
FREEZABLE = ("running", "cancelled")  # who is cancelled on the way gets a row that says so

log = get_logger(__name__)


def launch_key(campaign_id: int) -> str:
    """Return what only one open run of the launch can have."""
    return f"campaign:{campaign_id}"


def ask_for(campaign_id: int, *, actor: str) -> None:
    """Ask a worker to freeze the audience, after the running transaction; asked twice it is done once."""
    enqueue("campaigns.launch", unique_key=launch_key(campaign_id), actor=actor, campaign_id=campaign_id)


def is_to_be_frozen(campaign: Campaign) -> bool:
    """Say whether the campaign has begun and not everybody has a delivery yet."""
    is_begun = campaign.launched_at is not None and campaign.frozen_at is None
    return is_begun and campaign.question is None and campaign.stored_state in FREEZABLE


def freeze(campaign_id: int) -> dict[str, int]:
    """Give every recipient a delivery and let the mailing leave; return how many rows are new, and how many in all.

    Done twice, by two at once, or again after a crash half-way, it writes only what is missing. Raises NotFound.
    """
    if not is_to_be_frozen(existing(campaign_id)):
        return {"frozen": 0}
    new, rows = 0, None
    while rows is None:  # an intake that was under way at the start may have brought people meanwhile
        new += _write_all(campaign_id, now())
        rows = _open(campaign_id, new)
    return {"frozen": new, "recipients": rows}


def _write_all(campaign_id: int, moment: datetime) -> int:
    total, new, last, seen = audience_size(campaign_id), 0, 0, 0
    while (upto := _end_of_chunk(campaign_id, last)) is not None:
        new += _write_chunk(campaign_id, last, upto, moment)
        last, seen = upto, min(total, seen + CHUNK)
        progress.report(seen, total, "recipients")
    return new


def _end_of_chunk(campaign_id: int, last: int) -> int | None:
    """Return the id of the last recipient of the next chunk."""
    of_campaign = (Recipient.campaign_id == campaign_id, Recipient.id > last)
    chunk = select(Recipient.id).where(*of_campaign).order_by(Recipient.id).limit(CHUNK).subquery()
    end: int | None = db.session.scalar(select(func.max(chunk.c.id)))
    return end


def _write_chunk(campaign_id: int, last: int, upto: int, moment: datetime) -> int:
    """Write the deliveries of some recipients, those of a cancelled campaign as cancelled; return how many.

    The state is looked at in the same transaction, so that nothing is queued behind the back of who cancels.
    """
    # Lost in a power cut it is written again: only the opening, later, has to be on the disk.
    with transaction(durable=False) as session:
        campaign = locked(session, campaign_id)
        if not is_to_be_frozen(campaign):
            return 0
        return rows_changed(session, insert_deliveries(session, campaign, last, upto, moment))


def _open(campaign_id: int, new: int) -> int | None:
    """Note that everybody has a delivery and let the mailing leave; return how many there are, None if some lack."""
    with transaction() as session:
        campaign = locked(session, campaign_id)
        counts = mailings.counts(campaign.mailing_id)
        rows = sum(counts.values())
        if not is_to_be_frozen(campaign):
            return rows
        if rows < audience_size(campaign_id):
            return None
        campaign.frozen_at = now()
        session.flush()
        if campaign.stored_state == "running":
            _let_leave(campaign, has_open=any(counts[state] for state in OPEN_STATES))
        record("system", "campaign.freeze", subject_of(campaign_id), new=new, recipients=rows)
    log.info("audience frozen", campaign_id=campaign_id, new=new, recipients=rows)
    return rows


def _let_leave(campaign: Campaign, *, has_open: bool) -> None:
    mailing = campaign.mailing
    if mailing.opened_at is None:
        mailings.open_mailing(mailing.id)
    elif mailing.over_at is not None:
        mailings.reopen(mailing.id)
    else:
        mailings.start_pumps()
    if not has_open:  # all are suppressed: no pump will ever end it
        enqueue("campaigns.settle", mailing_id=mailing.id)
