"""Which rows are old: by their own time, and only where nothing that is promised rests on them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, or_, select

from edupulse.accounts.models import ApiToken, AuditEntry, SignInAttempt
from edupulse.exports.models import Export
from edupulse.finance.models import Bill, BillReminder
from edupulse.mail.models import OPEN_STATES, Attempt, Delivery, DeliveryContent
from edupulse.reports.models import Report

# A mail that is open is still to be sent; one in doubt may be, when a person says so.
NEEDED = (*OPEN_STATES, "unknown")


def letters(until: datetime) -> Select[Any]:
    """Select the texts of mails that were accepted before `until` and are settled; their rows stay."""
    old = select(DeliveryContent.delivery_id).join(Delivery).where(*_settled(until))
    return old.where(DeliveryContent.delivery_id <= _newest_old_mail(until))


def attempts(until: datetime) -> Select[Any]:
    """Select the tries at mails that were accepted before `until` and are settled."""
    old = select(Attempt.id).join(Delivery).where(*_settled(until), Attempt.at < until)
    return old.where(Attempt.delivery_id <= _newest_old_mail(until))


def audit_entries(until: datetime) -> Select[Any]:
    """Select acts before `until`, but not the word that an address may be written to again.

    Bounces before that word do not count: without it they would stop the address once more (mail/bounces.py).
    """
    return select(AuditEntry.id).where(AuditEntry.at < until, AuditEntry.action != "suppression.lift")


def sign_in_attempts(until: datetime) -> Select[Any]:
    """Select tries to sign in before `until`."""
    return select(SignInAttempt.id).where(SignInAttempt.at < until)


def tokens(until: datetime) -> Select[Any]:
    """Select tokens that have not been valid since `until`."""
    return select(ApiToken.id).where(or_(ApiToken.revoked_at < until, ApiToken.expires_at < until))


def bill_reminders(until: datetime) -> Select[Any]:
    """Select reminders of bills that have been paid or void since `until`, unless their mail is on its way.

    A bill that is opened again is still not mailed twice: the rows of its mails stay in their ledger.
    """
    is_over = (Bill.state.in_(("paid", "void")), Bill.updated_at < until, BillReminder.created_at < until)
    waiting = select(Delivery.id).where(Delivery.id == BillReminder.delivery_id, Delivery.state.in_(NEEDED))
    old = select(BillReminder.id).join(Bill).where(*is_over, BillReminder.state != "planned")
    return old.where(~waiting.exists())


def exports(until: datetime) -> Select[Any]:
    """Select exports that were asked for before `until` and have no file any more."""
    return select(Export.id).where(
        Export.created_at < until, Export.state.in_(("expired", "failed", "cancelled"))
    )


def hourly_reports(until: datetime) -> Select[Any]:
    """Select reports of hours that ended before `until`."""
    return select(Report.id).where(Report.ends_at < until, Report.kind == "hourly")


def other_reports(until: datetime) -> Select[Any]:
    """Select reports of days, weeks and months that ended before `until`."""
    return select(Report.id).where(Report.ends_at < until, Report.kind != "hourly")


def _settled(until: datetime) -> tuple[ColumnElement[bool], ...]:
    return Delivery.accepted_at < until, Delivery.state.not_in(NEEDED)


def _newest_old_mail(until: datetime) -> ScalarSelect[int]:
    """Return about the last number of the mails before `until`, so that no database walks through younger ones."""
    newest = select(Delivery.id).where(Delivery.accepted_at < until).order_by(Delivery.accepted_at.desc())
    return newest.limit(1).scalar_subquery()
