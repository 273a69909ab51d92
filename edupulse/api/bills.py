"""`/bills`: listed, summed up, entered, changed, voided, reminded of, and told."""

from __future__ import annotations

from typing import Any

from edupulse.api.answers import facts_of, page_of
from edupulse.api.bill_facts import (
    Bill,
    BillEntry,
    BillReminder,
    BillTotal,
    UpcomingBillReminder,
    facts_of_bill,
    facts_of_entry,
    facts_of_reminder,
    facts_of_total,
)
from edupulse.api.bill_words import (
    BillChange,
    HowMany,
    NewBill,
    PageOfBills,
    Unvoiding,
    Voiding,
    WhichBills,
    naming_as_sent,
)
from edupulse.api.gate import actor
from edupulse.api.idempotency import unkeyed
from edupulse.api.noun import Noun
from edupulse.api.schema import ListOf, PageOf, Shown
from edupulse.clock import now
from edupulse.finance import bills, due, listing, sending, timeline

noun = Noun("bills", __name__, url_prefix="/bills")


class BillCheck(Shown):
    """What a look at all pending bills did."""

    overdue: int
    planned: int
    skipped: int


@noun.get("/", query=PageOfBills, gives=PageOf[Bill])
def list_bills(query: PageOfBills) -> dict[str, Any]:
    """List bills, newest first."""
    return page_of(listing.bills(query.wanted(), **query.page()), facts_of_bill)


@noun.get("/totals/", query=WhichBills, gives=ListOf[BillTotal])
def sum_up(query: WhichBills) -> dict[str, Any]:
    """Sum up the bills that match, one line for each currency."""
    return {"items": [facts_of_total(each) for each in listing.totals(query.wanted())]}


@noun.get("/coming/", query=HowMany, gives=ListOf[UpcomingBillReminder])
def list_coming(query: HowMany) -> dict[str, Any]:
    """List the reminders that go out next, soonest first, one of each bill."""
    return {"items": [facts_of(each, UpcomingBillReminder) for each in due.coming(query.limit)]}


@noun.post("/check/", gives=BillCheck)
@unkeyed  # it commits in batches; done again it finds nothing more to do
def check() -> dict[str, int]:
    """Look at all pending bills: mark what is overdue, plan reminders and hand them over, as the clock does anyway."""
    return due.check(now())


@noun.post("/", body=NewBill, gives=Bill, status=201)
def add(body: NewBill) -> dict[str, Any]:
    """Enter a bill; its person is reminded of it unless `remind` is false."""
    with naming_as_sent():
        return facts_of_bill(bills.add(bills.NewBill(**body.said()), actor=actor()))


@noun.get("/<int:bill_id>/", gives=Bill)
def show(bill_id: int) -> dict[str, Any]:
    """Show one bill."""
    return facts_of_bill(bills.existing(bill_id))


@noun.patch("/<int:bill_id>/", body=BillChange, gives=Bill)
def change(bill_id: int, body: BillChange) -> dict[str, Any]:
    """Change what is named; `revision` refuses it if somebody else was faster."""
    with naming_as_sent():
        return facts_of_bill(bills.change(bill_id, body.changes(), actor=actor(), revision=body.revision))


@noun.post("/<int:bill_id>/void/", body=Voiding, gives=Bill)
def void(bill_id: int, body: Voiding) -> dict[str, Any]:
    """Say that a bill does not hold any more; what was paid on it has to be refunded before."""
    return facts_of_bill(bills.void(bill_id, body.reason, actor=actor(), revision=body.revision))


@noun.post("/<int:bill_id>/unvoid/", body=Unvoiding, gives=Bill)
def unvoid(bill_id: int, body: Unvoiding) -> dict[str, Any]:
    """Let a void bill hold again."""
    return facts_of_bill(bills.unvoid(bill_id, actor=actor(), revision=body.revision))


@noun.post("/<int:bill_id>/remind/", gives=BillReminder, status=202)
def remind(bill_id: int) -> dict[str, Any]:
    """Send a reminder now, whatever the day; at most one a minute."""
    return facts_of_reminder(sending.remind_now(bill_id, actor=actor()))


@noun.get("/<int:bill_id>/story/", gives=ListOf[BillEntry])
def story(bill_id: int) -> dict[str, Any]:
    """List what happened to a bill: entered, changed, paid, reminded of, overdue, void."""
    return {"items": [facts_of_entry(each) for each in timeline.story(bill_id)]}
