"""What programs say about bills and money that came in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal

from pydantic import Field

from edupulse.api.days import Day
from edupulse.api.schema import Body, Number, Paged, Query, Text
from edupulse.errors import Invalid
from edupulse.finance.fields import LONGEST
from edupulse.finance.listing import BillFilter
from edupulse.finance.money import LARGEST
from edupulse.finance.payments import LONGEST_NOTE

# Of edupulse.finance.models, which a test compares
State = Literal["", "open", "partly_paid", "overdue", "paid", "void", "unpaid"]
Method = Literal["transfer", "cash", "card", "direct_debit", "online", "other"]

Amount = Annotated[int, Field(ge=1, le=LARGEST)]
Revision = Annotated[int, Field(ge=0)]
Currency = Annotated[Text, Field(pattern=r"^[A-Z]{3}$", examples=["EUR"])]


class WhichBills(Query):
    """Narrows the list; what is left away means any."""

    search: Text = Field("", description="A part of number, title, name or address.")
    state: State = Field("", description="Only those in it; unpaid: open, partly paid and overdue.")
    person_id: Number | None = Field(None, description="Only those of this person.")
    due_from: Day | None = None
    due_until: Day | None = Field(None, description="This day is among them.")
    currency: Text = Field("", description="ISO 4217: EUR, CNY.")

    def wanted(self) -> BillFilter:
        """Return the filter that it says."""
        names = ("search", "state", "person_id", "due_from", "due_until", "currency")
        said = {name: getattr(self, name) for name in names}
        return BillFilter.of({name: str(value) for name, value in said.items() if value})


class PageOfBills(WhichBills, Paged):
    """Which bills, and which page of them."""


class BillWords(Body):
    """What may be said about a bill. `amount_minor` is in whole minor units: 12.50 euros are 1250."""

    title: Text | None = Field(None, max_length=LONGEST["title"])
    amount_minor: Amount | None = None
    due_on: Day | None = None
    issued_on: Day | None = None
    note: Text | None = Field(None, max_length=LONGEST["note"], description="It stands in the mail.")
    remind: bool | None = None


class NewBill(BillWords):
    """A bill for a person. Without `number` it gets the next one, without `currency` the organisation's."""

    person_id: Number
    title: Text = Field(max_length=LONGEST["title"])
    amount_minor: Amount
    due_on: Day
    currency: Currency | None = None
    number: Text | None = Field(None, max_length=LONGEST["number"])


class BillChange(BillWords):
    """What becomes different; a `revision` that is not the present one is refused: somebody else was faster."""

    person_id: Number | None = Field(None, description="Only while nothing is paid.")
    revision: Revision | None = Field(None, description="As it was shown last.")

    def changes(self) -> dict[str, Any]:
        """Return what is to become different."""
        return {name: value for name, value in self.said().items() if name != "revision"}


class Voiding(Body):
    """Why a bill no longer holds."""

    reason: Text = Field(max_length=LONGEST["reason"])
    revision: Revision | None = None


class Unvoiding(Body):
    """That it holds again, if it is still as you saw it."""

    revision: Revision | None = None


class NewPayment(Body):
    """Money in whole minor units of the bill's currency. The same `reference` on a bill is the same money."""

    amount_minor: Amount
    received_on: Day | None = Field(None, description="Left out: today.")
    method: Method | None = Field(None, description="Left out: transfer.")
    reference: Text | None = Field(None, max_length=LONGEST["reference"], description="The bank's.")
    note: Text | None = Field(None, max_length=LONGEST_NOTE)
    revision: Revision | None = Field(None, description="Refused if the bill has another one by now.")


class HowMany(Query):
    """How many rows."""

    limit: int = Field(20, ge=1, le=500)


@contextmanager
def naming_as_sent() -> Iterator[None]:
    """Let a refusal of the amount name the field as the call does."""
    try:
        yield
    except Invalid as error:
        if error.facts.get("field") != "amount":
            raise
        raise Invalid(error.message, cure=error.cure, **{**error.facts, "field": "amount_minor"}) from None
