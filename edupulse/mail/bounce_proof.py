"""Which mail of ours a report is about. Nothing is believed that does not prove it.

A signed return address is proof; a Message-ID is, together with the person the mail went to: it may be guessed, or
passed on. A forged report must not keep anybody's mail away.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from edupulse.errors import Invalid
from edupulse.mail.addresses import comparable, parse_address
from edupulse.mail.models import Delivery


@dataclass(frozen=True)
class BounceReport:
    """What a server says about one recipient: kind is hard, soft, delayed, delivered or complaint.

    `delivery_id` is proven by a signed return address; `message_id` only names a mail. `address` is whom the server
    speaks of, `original_address` whom the mail was for before an alias or a forwarding.
    """

    kind: str
    address: str = ""
    delivery_id: int | None = None
    status: str = ""
    cause: str = ""
    text: str = ""
    message_id: str = ""
    original_address: str = ""


@dataclass(frozen=True)
class Noted:
    """What followed from a report, in words and as facts. With `attention` a person should look at it, and why."""

    words: str
    detail: dict[str, Any] = field(default_factory=dict)
    attention: str = ""


def proven(session: Session, report: BounceReport) -> Delivery | Noted:
    """Return the mail that a report is about, or what to say where it proves none."""
    delivery = _delivery_of(session, report)
    if delivery is None:
        return _unknown(report)
    return delivery if _is_proven(report, delivery) else _not_believed(report, delivery)


def _delivery_of(session: Session, report: BounceReport) -> Delivery | None:
    if report.delivery_id is not None:
        return session.get(Delivery, report.delivery_id, populate_existing=True)
    if not report.message_id or len(report.message_id) > 200:
        return None
    return session.scalar(select(Delivery).where(Delivery.message_id == report.message_id))


def _is_proven(report: BounceReport, delivery: Delivery) -> bool:
    if report.delivery_id is not None:
        return True
    return delivery.comparable in {_same(report.address), _same(report.original_address)}


def _same(address: str) -> str:
    """Return the form by which addresses are compared, also with an international domain."""
    if address.isascii():
        return comparable(address.strip())
    try:
        return parse_address(address).comparable
    except Invalid:
        return comparable(address.strip())


def _unknown(report: BounceReport) -> Noted:
    if report.kind == "delivered":
        return Noted("It says that a mail has arrived which is not in the ledger.")
    who = f" It names {report.address}." if report.address else ""
    why = f"Nothing in it proves that it is about a mail of ours, so it has no effect.{who}"
    cure = " If it is true, add the suppression by hand." if report.kind in ("hard", "complaint") else ""
    return Noted(why, {"refused": "unknown", "address": report.address}, attention=why + cure)


def _not_believed(report: BounceReport, delivery: Delivery) -> Noted:
    whom = report.address or "nobody"
    why = f"It names our mail to {delivery.address} but speaks of {whom}: it may be forged, so it has no effect."
    return Noted(why, {"refused": "other_person", "delivery_id": delivery.id}, attention=why)
