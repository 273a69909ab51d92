"""What came in, month by month and in each currency: a drawing, the figures, and from when they are."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from edupulse import clock
from edupulse.config import current_settings
from edupulse.finance import revenue
from edupulse.web.bill_words import words
from edupulse.web.flashes import say
from edupulse.web.revenue_chart import drawing

blueprint = Blueprint("revenue", __name__, url_prefix="/revenue")
blueprint.context_processor(words)

MONTHS = 24


@blueprint.get("")
def show() -> str:
    """Show the last two years."""
    months = revenue.months(MONTHS, clock.now(), keep=False)
    known = {currency for each in months for currency in each.figures}
    own = current_settings().currency
    currencies = sorted(known, key=lambda currency: (currency != own, currency))
    return render_template(
        "revenue/show.html",
        months=months,
        currencies=currencies,
        drawings={currency: drawing(months, currency) for currency in currencies},
    )


@blueprint.post("/calculations")
def calculate() -> AnyResponse:
    """Calculate every month of the page anew."""
    now = clock.now()
    for each in revenue.months(MONTHS, now, keep=False):
        revenue.monthly(each.month, now, anew=True)
    say(_("Every month was calculated anew from the payments."))
    return redirect(url_for(".show"), 303)
