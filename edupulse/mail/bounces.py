"""What other servers say later about a mail of ours: the mail is found, its row says so, the address is stopped.

A failure for good stops the address at once, one that may pass only when it lasts, and what is about us never does.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from edupulse.accounts.audit import entries_of
from edupulse.control.enqueue import enqueue
from edupulse.errors import Unavailable
from edupulse.mail.bounce_causes import Follows, cause
from edupulse.mail.bounce_proof import BounceReport, Noted, proven
from edupulse.mail.bounce_score import REMEMBERED, is_enough
from edupulse.mail.mailing import Mailing
from edupulse.mail.models import Bounce, Delivery
from edupulse.mail.once import insert_once
from edupulse.mail.suppressions import EVERYTHING, LONGEST_REASON, suppress
from edupulse.transaction import rows_changed, transaction

__all__ = ["BounceReport", "Noted", "note", "of_delivery"]

COMPLAINED = "A mail of ours was reported as spam from this mailbox."
LONGEST_TEXT = 2000  # characters of a server's words that are kept
# What a report of the first kind is overtaken by: the same mail is delayed, then fails for a while, then for good.
_RANK = {"delayed": 0, "soft": 1, "hard": 2}
_LEFT = ("sent", "unknown")  # states from which a mail can come back


def note(report: BounceReport, *, source: str, at: datetime) -> Noted:
    """Draw the conclusions from one report, once for each `source` and address; `at` is when it was received.

    Raises Unavailable while the mail it is about is just leaving: try again in a moment.
    """
    with transaction() as session:
        delivery = proven(session, report)
        if isinstance(delivery, Noted):
            return delivery
        if report.kind == "delivered":
            return Noted(f"The mail to {delivery.address} has arrived.", {"delivery_id": delivery.id})
        if delivery.state == "sending":
            raise Unavailable(
                "The mail is just leaving.", cure="Try again in a moment.", delivery_id=delivery.id
            )
        if _was_said(session, report, delivery) or not _write(session, report, delivery, source, at):
            return Noted(f"It says again what is known of the mail to {delivery.address}.", _facts(delivery))
        if report.kind == "complaint":
            return _complained(delivery, source)
        if report.kind == "delayed":
            return Noted(
                f"The mail to {delivery.address} is late, and is still being tried.", _facts(delivery)
            )
        return _came_back(session, report, delivery, source, at)


def of_delivery(delivery_id: int) -> list[Bounce]:
    """Return what was reported about one mail, oldest first."""
    with transaction() as session:
        found = select(Bounce).where(Bounce.delivery_id == delivery_id).order_by(Bounce.at, Bounce.id)
        return list(session.scalars(found))


def _was_said(session: Session, report: BounceReport, delivery: Delivery) -> bool:
    """Tell whether this or worse is known of the mail already, whichever message said it."""
    known = session.scalars(select(Bounce.kind).where(Bounce.delivery_id == delivery.id))
    if report.kind == "complaint":
        return "complaint" in set(known)
    return max((_RANK.get(kind, -1) for kind in known), default=-1) >= _RANK[report.kind]


def _write(session: Session, report: BounceReport, delivery: Delivery, source: str, at: datetime) -> bool:
    # A second report about the mail from one message says more: it takes the place of the first.
    mine = (Bounce.source == source, Bounce.address == delivery.comparable, Bounce.delivery_id == delivery.id)
    said = {"kind": report.kind, "status": report.status[:20], "cause": report.cause[:40]}
    values = {**said, "text": report.text[:LONGEST_TEXT], "at": at}
    if rows_changed(session, update(Bounce).where(*mine).values(values)):
        return True
    row = {**values, "source": source[:60], "address": delivery.comparable, "delivery_id": delivery.id}
    written = insert_once(session, Bounce).values(row).returning(Bounce.id)
    return session.scalar(written) is not None


def _complained(delivery: Delivery, source: str) -> Noted:
    scope = "newsletter" if delivery.kind == "newsletter" else EVERYTHING
    suppress(delivery.address, scope=scope, reason=COMPLAINED, source=source)
    what = "newsletters" if scope == "newsletter" else "mail"
    words = f"{delivery.address} reported our mail as spam and gets no more {what}."
    return Noted(words, {**_facts(delivery), "suppressed": delivery.comparable, "scope": scope})


def _came_back(
    session: Session, report: BounceReport, delivery: Delivery, source: str, at: datetime
) -> Noted:
    _mark(session, delivery, _said(report))
    why = _why_stop(session, report, delivery, at)
    words = f"The mail to {delivery.address} came back. {_meaning(report)}"
    if not why:
        return Noted(f"{words} The address stays open.", _facts(delivery))
    suppress(delivery.address, reason=why[:LONGEST_REASON], source=source)
    stopped = {"suppressed": delivery.comparable, "scope": EVERYTHING}
    return Noted(f"{words} The address is not written to any more.", {**_facts(delivery), **stopped})


def _mark(session: Session, delivery: Delivery, reason: str) -> None:
    """Move the mail to `bounced`; one that is in another state keeps it, e.g. if it was sent again since."""
    moved = update(Delivery).where(Delivery.id == delivery.id, Delivery.state.in_(_LEFT))
    change = moved.values(state="bounced", reason=reason, claim=None)
    if not rows_changed(session, change.execution_options(synchronize_session=False)):
        return
    session.expire(delivery)
    mailing = session.get(Mailing, delivery.mailing_id) if delivery.mailing_id is not None else None
    if mailing is not None and mailing.over_at is not None:
        # One run for all that come back meanwhile.
        enqueue("campaigns.settle", unique_key=f"settle-after-bounce-{mailing.id}", mailing_id=mailing.id)


def _why_stop(session: Session, report: BounceReport, delivery: Delivery, at: datetime) -> str:
    """Return why the address must not be written to any more, "" if it may be."""
    follows = cause(report.cause).follows
    if follows is Follows.NOTHING:
        return ""
    if report.kind == "hard" and follows is Follows.STOP and not report.status.startswith("4"):
        return f"Mail came back. {_said(report)}"
    if is_enough(_recent(session, delivery.comparable, at), at):
        return f"Mail came back again and again. {_said(report)}"
    return ""


def _recent(session: Session, address: str, at: datetime) -> list[tuple[int | None, datetime]]:
    """Return the bounces that count against an address; what was before a person opened it again does not."""
    lifted = [each.at for each in entries_of(f"address:{address}") if each.action == "suppression.lift"]
    since = max([at - REMEMBERED, *lifted])
    found = session.execute(
        select(Bounce.delivery_id, Bounce.at, Bounce.cause).where(
            Bounce.address == address, Bounce.kind.in_(("soft", "hard")), Bounce.at >= since
        )
    )
    return [(row.delivery_id, row.at) for row in found if cause(row.cause).follows is not Follows.NOTHING]


def _facts(delivery: Delivery) -> dict[str, Any]:
    return {"delivery_id": delivery.id, "address": delivery.address}


def _meaning(report: BounceReport) -> str:
    return cause(report.cause).words


def _said(report: BounceReport) -> str:
    named = f" (for {report.address})" if report.original_address and report.address else ""
    return f"{_meaning(report)}{named} {report.text}".strip()[:500]
