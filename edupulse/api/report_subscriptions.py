"""`/reports/subscriptions`: who gets which reports by mail; other people's are for administrators."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from edupulse.api.answers import facts_of
from edupulse.api.gate import actor, caller
from edupulse.api.noun import Noun
from edupulse.api.schema import Body, ListOf, Shown, Text
from edupulse.config import current_settings
from edupulse.errors import Denied, NotFound
from edupulse.mail.addresses import comparable
from edupulse.reports import subscriptions

noun = Noun("report_subscriptions", __name__, url_prefix="/reports/subscriptions")


class ReportSubscription(Shown):
    """The reports of one kind go to this address."""

    kind: str
    address: str
    locale: str
    created_at: datetime


class NewReportSubscription(Body):
    """The kind of report; the address is by default the caller's own, the language that of the organisation."""

    kind: Text
    address: Text | None = None
    locale: Text | None = None


class EndedSubscription(Shown):
    """The reports of this kind go there no more."""

    kind: str
    ended: str


@noun.get("/", gives=ListOf[ReportSubscription])
def list_subscriptions() -> dict[str, Any]:
    """List who gets what: everything for an administrator, for others what goes to themselves."""
    own = comparable(caller().email)
    found = [each for each in subscriptions.subscriptions() if caller().may("admin") or each.address == own]
    return {"items": [facts_of(each, ReportSubscription) for each in found]}


@noun.post("/", body=NewReportSubscription, gives=ReportSubscription, status=201)
def subscribe(body: NewReportSubscription) -> dict[str, Any]:
    """Send the reports of a kind to an address."""
    address = body.address or actor()
    if not _is_own_or_admin(address):
        cure = "Leave the address out for yourself."
        raise Denied("Only an administrator sends reports to others.", cure=cure)
    locale = body.locale or current_settings().locale
    made = subscriptions.subscribe(body.kind, address, locale=locale, actor=actor())
    return facts_of(made, ReportSubscription)


@noun.delete("/<kind>/<address>/", gives=EndedSubscription)
def unsubscribe(kind: str, address: str) -> dict[str, str]:
    """Send the reports of a kind to an address no more."""
    if not _is_own_or_admin(address):  # who gets reports is not for everybody to know
        raise NotFound("No reports of yours go there.", cure="See GET /reports/subscriptions/.")
    subscriptions.unsubscribe(kind, address, actor=actor())
    return {"kind": kind, "ended": address}


def _is_own_or_admin(address: str) -> bool:
    return caller().may("admin") or comparable(address) == comparable(actor())
