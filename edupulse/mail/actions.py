"""What a person may do about mail: send again, say what became of it, let the account go on, try it out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update

from edupulse.accounts.audit import record
from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.control.enqueue import enqueue
from edupulse.errors import Conflict, NotFound
from edupulse.mail import mailings, senders
from edupulse.mail.addresses import parse_address
from edupulse.mail.compose import Mail, render_mail
from edupulse.mail.content import NOT_KEPT
from edupulse.mail.models import Delivery
from edupulse.mail.outbox import accept, hand_over
from edupulse.mail.suppressions import stops_for
from edupulse.transaction import rows_changed, transaction

RESENDABLE = ("unknown", "rejected", "cancelled")
ANOTHER_LIFE = timedelta(days=1)  # what is sent again by hand is worth sending for so long


def resend(delivery_id: int, actor: str) -> Delivery:
    """Send a mail again that is unknown, rejected or cancelled, as the same mail: its Message-ID stays.

    A program that has the first copy may show only one. Raises NotFound, or Conflict for other states, for
    addresses that are suppressed, and where the text is no longer kept.
    """
    with transaction():
        delivery = _existing(delivery_id)
        if reason := stops_for([delivery.address]).reason(delivery.address, delivery.kind):
            cure = "Lift the suppression first, if the person agrees."
            raise Conflict(f"{delivery.address} is suppressed: {reason}", cure=cure, delivery_id=delivery_id)
        if delivery.mailing_id is None and delivery.content is None:
            cure = "Write to this person anew: that the mail was handled stays on record, its text does not."
            raise Conflict(NOT_KEPT, cure=cure, delivery_id=delivery_id)
        refusal = "Only a mail that is unknown, rejected or cancelled can be sent again."
        before = _move(delivery, RESENDABLE, refusal, _like_new(delivery, actor))
        _record(actor, "mail.resend", delivery_id, before, "queued")
        _let_leave(delivery)
    return _existing(delivery_id)


def settle(delivery_id: int, as_sent: bool, actor: str) -> Delivery:
    """Take a person's word for what became of an unknown mail. Raises NotFound or Conflict."""
    word = f"{actor} found out that it {'arrived' if as_sent else 'did not arrive'}."
    with transaction():
        delivery = _existing(delivery_id)
        values: dict[str, Any] = {"state": "sent" if as_sent else "rejected", "reason": word, "claim": None}
        if as_sent:
            values["sent_at"] = delivery.dot_at or now()
        _move(delivery, ("unknown",), "Only a mail that is unknown can be settled.", values)
        _record(actor, "mail.settle", delivery_id, "unknown", values["state"])
        if delivery.mailing_id is not None:
            enqueue("campaigns.settle", mailing_id=delivery.mailing_id)
    return _existing(delivery_id)


def resume_sender(actor: str) -> bool:
    """Let the account send again after its cause was mended; say whether it was paused."""
    with transaction():
        resumed = senders.resume()
        if resumed:
            paused, going = {"paused": True}, {"paused": False}
            record(actor, "sender.resume", f"sender:{senders.DEFAULT}", before=paused, after=going)
            enqueue("mail.sweep", actor=actor)
    return resumed


def send_test(address: str, actor: str) -> Delivery:
    """Accept a test mail to `address`, and let the account try again if it was paused because of a fault.

    After a restore the account stays paused: what waits must not leave because of a test. Raises Invalid for a bad
    address, and Conflict after a restore.
    """
    settings, moment = current_settings(), now()
    mailbox = parse_address(address).mailbox
    subject, text, html = render_mail(
        "test",
        settings.locale,
        address=mailbox,
        server=f"{settings.smtp_server}:{settings.smtp_port}" if settings.smtp_server else "",
        asked_at=moment.strftime("%Y-%m-%d %H:%M:%S UTC"),
        base_url=settings.base_url,
    )
    mail = Mail(mailbox, "", subject, text, html, settings.locale)
    with transaction():
        senders.refuse_after_a_restore()
        resume_sender(actor)
        record(actor, "mail.test", f"address:{mailbox}")
        return accept(
            mail,
            kind="test",
            subject_id="test",
            occurrence=moment.isoformat(),
            due_at=moment,
            expires_at=moment + ANOTHER_LIFE,
        )


def _record(actor: str, action: str, delivery_id: int, before: str, after: str) -> None:
    states = {"before": {"state": before}, "after": {"state": after}}
    record(actor, action, f"delivery:{delivery_id}", **states)


def _let_leave(delivery: Delivery) -> None:
    if delivery.mailing_id is None:
        hand_over([delivery.id])
    elif mailings.mailing(delivery.mailing_id).over_at is None:
        mailings.start_pumps()  # a person's hold stays a hold
    else:
        mailings.reopen(delivery.mailing_id)
        enqueue("campaigns.settle", mailing_id=delivery.mailing_id)  # it runs again


def _existing(delivery_id: int) -> Delivery:
    with transaction() as session:
        found = session.get(Delivery, delivery_id, populate_existing=True)
    if found is None:
        raise NotFound(f"There is no delivery {delivery_id}.", delivery_id=delivery_id)
    return found


def _move(delivery: Delivery, states: tuple[str, ...], refusal: str, values: dict[str, Any]) -> str:
    """Change the row if it still is in one of `states`; return the state it was in."""
    before = delivery.state
    guarded = update(Delivery).where(Delivery.id == delivery.id, Delivery.state.in_(states)).values(**values)
    with transaction() as session:
        moved = rows_changed(session, guarded.execution_options(synchronize_session=False))
    if not moved:
        raise Conflict(refusal, cure=f"This one is {before}.", delivery_id=delivery.id, state=before)
    return before


def _like_new(delivery: Delivery, actor: str) -> dict[str, Any]:
    moment = now()
    return {
        "state": "queued",
        "reason": f"Sent again by {actor}.",
        "next_attempt_at": moment,
        "expires_at": _new_expiry(delivery, moment),
        "attempts_made": 0,
        "tries": 0,
        "claim": None,
        "dot_at": None,
    }


def _new_expiry(delivery: Delivery, moment: datetime) -> datetime | None:
    has_expired = delivery.expires_at is not None and delivery.expires_at <= moment
    return moment + ANOTHER_LIFE if has_expired else delivery.expires_at
