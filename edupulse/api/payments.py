"""`/bills/<id>/payments` and `/bills/<id>/refunds`: money on a bill, come in or gone back."""

from __future__ import annotations

from typing import Any

from edupulse.api.bill_facts import Payment, facts_of_payment
from edupulse.api.bill_words import NewPayment, naming_as_sent
from edupulse.api.gate import actor
from edupulse.api.noun import Noun
from edupulse.api.schema import ListOf
from edupulse.finance import bills
from edupulse.finance import payments as domain

noun = Noun("payments", __name__, url_prefix="/bills/<int:bill_id>")


@noun.get("/payments/", gives=ListOf[Payment])
def list_payments(bill_id: int) -> dict[str, Any]:
    """List what came in on a bill and what went back, oldest first."""
    return {"items": [facts_of_payment(each) for each in bills.existing(bill_id).payments]}


@noun.post("/payments/", body=NewPayment, gives=Payment, status=201)
def pay(bill_id: int, body: NewPayment) -> dict[str, Any]:
    """Enter money that came in; more than is open is refused."""
    with naming_as_sent():
        return facts_of_payment(domain.pay(bill_id, actor=actor(), **body.said()))


@noun.post("/refunds/", body=NewPayment, gives=Payment, status=201)
def refund(bill_id: int, body: NewPayment) -> dict[str, Any]:
    """Enter money that went back; at most what came in."""
    with naming_as_sent():
        return facts_of_payment(domain.refund(bill_id, actor=actor(), **body.said()))
