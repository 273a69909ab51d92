"""Money on a bill: what came in, and what went back."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, request
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from edupulse.errors import Conflict, Invalid
from edupulse.finance import bills, payments
from edupulse.finance.models import Bill, Payment
from edupulse.web.bill_form import read_amount, read_day, revision_of
from edupulse.web.bill_words import amount, words
from edupulse.web.bills import refused_act, to_bill
from edupulse.web.flashes import say
from edupulse.web.form import Form
from edupulse.web.problems import Problems

blueprint = Blueprint("payments", __name__, url_prefix="/bills/<int:bill_id>")
blueprint.context_processor(words)

FIELDS = ("amount", "received_on", "method", "reference", "note")


@blueprint.post("/payments")
def pay(bill_id: int) -> AnyResponse:
    """Enter money that came in."""

    def done(payment: Payment, bill: Bill) -> str:
        came = amount(payment.amount_minor, payment.currency)
        if bill.open_minor:
            still = amount(bill.open_minor, bill.currency)
            return _("%(amount)s came in; %(open)s is still open.", amount=came, open=still)
        return _("%(amount)s came in; the bill is paid.", amount=came)

    return _enter(bill_id, "pay", payments.pay, done)


@blueprint.post("/refunds")
def refund(bill_id: int) -> AnyResponse:
    """Enter money that went back."""

    def done(payment: Payment, bill: Bill) -> str:
        return _("%(amount)s went back.", amount=amount(-payment.amount_minor, payment.currency))

    return _enter(bill_id, "refund", payments.refund, done)


def _enter(
    bill_id: int, act: str, enter: Callable[..., Payment], done: Callable[[Payment, Bill], str]
) -> AnyResponse:
    bill, form = bills.existing(bill_id), Form(MultiDict({**request.form, "act": act}))
    try:
        payment = enter(bill_id, actor=current_user.email, revision=revision_of(form), **_read(form, bill))
    except (Invalid, Conflict) as error:
        return refused_act(bill_id, form, error, *FIELDS)
    say(done(payment, bills.existing(bill_id)))
    return to_bill(bill_id)


def _read(form: Form, bill: Bill) -> dict[str, object]:
    problems = Problems()
    said = {
        "amount_minor": problems.of("amount", lambda: read_amount(form, bill.currency)),
        "received_on": problems.of("received_on", lambda: read_day(form, "received_on")),
    }
    problems.raise_any()
    return {**said, **{name: form.value(name) for name in ("method", "reference", "note")}}
