"""What servers say about mails of ours is noted, one recipient after the other, and told in a few words."""

from __future__ import annotations

from datetime import datetime

from edupulse.clock import now
from edupulse.mail.bounces import BounceReport, Noted, note
from edupulse.mailboxes.event import Report
from edupulse.mailboxes.handling import Done, Inbound

MOST_REPORTS = 200  # in one message; we send each mail to one person
MOST_TOLD = 5  # in words; all are in the ledger of bounces


def note_all(message: Inbound) -> Done:
    """Note every report in `message`; twice has one effect. Raises Unavailable while the mail is just leaving."""
    reports = message.event.reports
    if not reports:
        why = "It looks like a report about a mail, but does not say about whom."
        return Done(why, attention=why)
    at = _received(message)
    noted = [note(_said(each), source=message.source, at=at) for each in reports[:MOST_REPORTS]]
    too_many = (
        ""
        if len(reports) <= MOST_REPORTS
        else f"It speaks of {len(reports)} people, which no mail of ours has."
    )
    attention = next((each.attention for each in noted if each.attention), too_many)
    return Done(_words(noted), _detail(noted), attention)


def _said(report: Report) -> BounceReport:
    return BounceReport(
        kind=report.kind,
        address=report.recipient,
        delivery_id=report.delivery_id,
        status=report.status,
        cause=report.cause,
        text=report.text,
        message_id=report.original_message_id,
        original_address=report.original_recipient,
    )


def _received(message: Inbound) -> datetime:
    """Return when it was written, as far as that can be believed: a report of last year counts as one."""
    moment = now()
    try:
        written = datetime.fromisoformat(message.event.date or "")
    except ValueError:
        return moment
    return min(written, moment) if written.tzinfo else moment


def _words(noted: list[Noted]) -> str:
    said = list(dict.fromkeys(each.words for each in noted))
    more = f" And {len(said) - MOST_TOLD} more." if len(said) > MOST_TOLD else ""
    return " ".join(said[:MOST_TOLD]) + more


def _detail(noted: list[Noted]) -> dict[str, object]:
    """Return the facts of all; which mail it was is also said in the first place."""
    facts = [each.detail for each in noted if each.detail]
    # A report that was refused names a mail without proof: the message is not filed under it.
    proven = (each["delivery_id"] for each in facts if "delivery_id" in each and "refused" not in each)
    first = next(proven, None)
    return {"reports": facts} | ({"delivery_id": first} if first is not None else {})
