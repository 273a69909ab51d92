"""A campaign goes once more to those who did not get it, and to nobody else: their rows wait again, no row is new."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, update
from sqlalchemy.orm import Session

from edupulse.accounts.audit import record
from edupulse.campaigns import launch
from edupulse.campaigns.models import Campaign
from edupulse.campaigns.people.joined import take_joined
from edupulse.campaigns.rows import audience_size, existing, locked, moved, subject_of, words_of
from edupulse.campaigns.settling import ENDS, set_going_again
from edupulse.clock import now
from edupulse.errors import Conflict, Invalid
from edupulse.mail import mailings
from edupulse.mail.bookkeeping import NO_SUCH_MAILBOX
from edupulse.mail.models import Attempt, Delivery, Suppression
from edupulse.mail.suppressions import scopes_of
from edupulse.transaction import rows_changed, transaction

# Their time had passed before they could be sent; of a cancelled campaign nothing is sent again at all.
NOT_GOT = ("rejected", "cancelled")


def resend(campaign_id: int, who: str, *, actor: str) -> int:
    """Send it again to who "failed", to whom it is "unknown", or to who has "joined" since; return how many people.

    Who has got it, who is suppressed and whose address does not exist is left out. What goes again is the same
    mail, with its Message-ID: somebody who has the first copy may see only one. Pressed twice, it is done once.
    Raises NotFound, Invalid for another word, Conflict for a campaign that has not begun or was cancelled.
    """
    if who not in _WAYS:
        raise Invalid(f"{who[:40]!r} is not known.", cure=f"Choose one of {', '.join(_WAYS)}.", field="who")
    _refuse_wrong_state(existing(campaign_id))
    return _WAYS[who](campaign_id, actor)


def _to_failed(campaign_id: int, actor: str) -> int:
    has_no_mailbox = exists().where(Attempt.delivery_id == Delivery.id, Attempt.cause == NO_SUCH_MAILBOX)
    return _again(campaign_id, "failed", actor, and_(Delivery.state.in_(NOT_GOT), ~has_no_mailbox))


def _to_unknown(campaign_id: int, actor: str) -> int:
    return _again(campaign_id, "unknown", actor, Delivery.state == "unknown")


def _to_joined(campaign_id: int, actor: str) -> int:
    """Look into the sources again and freeze whoever has no mail yet; the others are passed over by their key."""
    take_joined(campaign_id, actor=actor)
    with transaction() as session:
        campaign = locked(session, campaign_id)
        _refuse_wrong_state(campaign)
        rows = sum(mailings.counts(campaign.mailing_id).values())
        missing = audience_size(campaign_id) - rows
        if missing > 0:
            was = campaign.state
            set_going_again(campaign)
            campaign.launched_at, campaign.frozen_at = now(), None
            detail = {"who": "joined", "mails": missing, **moved(was, campaign)}
            record(actor, "campaign.resend", subject_of(campaign_id), **detail)
            launch.ask_for(campaign_id, actor=actor)
    return max(0, missing)


_WAYS: dict[str, Callable[[int, str], int]] = {
    "failed": _to_failed,
    "unknown": _to_unknown,
    "joined": _to_joined,
}


def _again(campaign_id: int, who: str, actor: str, chosen: ColumnElement[bool]) -> int:
    with transaction() as session:
        campaign = locked(session, campaign_id)
        _refuse_wrong_state(campaign)
        count = _queue(session, campaign, chosen, actor)
        if count:
            was = campaign.state
            set_going_again(campaign)
            session.flush()
            _let_leave(campaign)
            detail = {"who": who, "mails": count, **moved(was, campaign)}
            record(actor, "campaign.resend", subject_of(campaign_id), **detail)
    return count


def _queue(session: Session, campaign: Campaign, chosen: ColumnElement[bool], actor: str) -> int:
    mailing = campaign.mailing
    is_stopped = exists().where(
        Suppression.address == Delivery.comparable, Suppression.scope.in_(scopes_of(mailing.purpose))
    )
    queued = update(Delivery).where(Delivery.mailing_id == mailing.id, chosen, ~is_stopped)
    values = _like_new(actor, now(), mailing.patience_hours)
    return rows_changed(session, queued.values(values).execution_options(synchronize_session=False))


def _like_new(actor: str, moment: datetime, patience_hours: int) -> dict[str, Any]:
    return {
        "state": "queued",
        "reason": f"Sent again by {actor}.",
        "next_attempt_at": moment,
        "expires_at": moment + timedelta(hours=patience_hours),
        "attempts_made": 0,
        "tries": 0,
        "claim": None,  # a late answer to the first try changes nothing any more
        "dot_at": None,
    }


def _let_leave(campaign: Campaign) -> None:
    # A mailing that is not over keeps its hold: who paused it did not ask for it to go on.
    if campaign.mailing.over_at is not None:
        mailings.reopen(campaign.mailing_id)
    elif campaign.mailing.held_at is None:
        mailings.start_pumps()


def _refuse_wrong_state(campaign: Campaign) -> None:
    if campaign.stored_state in (*ENDS, "running") and campaign.frozen_at is not None:
        return
    cures = {"cancelled": "Duplicate it and start the copy.", "running": "Wait until it is under way."}
    raise Conflict(
        f"“{campaign.name}” is {words_of(campaign)}, so there is nobody to send it to again.",
        cure=cures.get(campaign.stored_state, "Start it first."),
        campaign_id=campaign.id,
        state=campaign.state,
    )
