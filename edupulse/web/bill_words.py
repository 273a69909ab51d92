"""What bills, payments and reminders are called on a page, in the reader's language; sums and days beside them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from flask_babel import format_date, get_locale, ngettext, pgettext
from flask_babel import gettext as _

from edupulse.finance.models import BILL_STATES, METHODS
from edupulse.finance.money import amount_words, exponent
from edupulse.web.words import State


def amount(minor: int, currency: str) -> str:
    """Return a sum of minor units as people write it: "€12.50", "¥12.50"."""
    return amount_words(minor, currency, str(get_locale()))


def day(on: date | None) -> str:
    """Return a day as people write it: "12 Mar 2026", "2026年3月12日"; the pattern (CLDR) is the language's own."""
    return str(format_date(on, _("d MMM y"))) if on else "–"


def month(of: str) -> str:
    """Return "Mar 2026" for "2026-03"."""
    return str(format_date(date.fromisoformat(f"{of}-01"), _("MMM y")))


def bill_state(state: str) -> State:
    """Return how a state of a bill is called and shown."""
    return bill_states()[state]


def bill_states() -> dict[str, State]:
    """Return the words for every state of a bill, in the order of its life."""
    found = {
        "open": State("wait", pgettext("bill", "Open"), _("Nothing is paid yet, and there is still time.")),
        "partly_paid": State("live", _("Partly paid"), _("A part came in, and there is still time.")),
        "overdue": State("bad", _("Overdue"), _("Its day has passed, and not all came in.")),
        "paid": State("ok", _("Paid"), _("All of it came in.")),
        "void": State("mute", _("Void"), _("It does not hold any more, and nobody is reminded.")),
    }
    return {state: found[state] for state in BILL_STATES}


def reminder_state(state: str) -> State:
    """Return how a state of a reminder is called and shown."""
    return {
        "planned": State("wait", _("Planned"), _("It goes out in a moment.")),
        "handed_over": State("ok", _("Handed over"), _("The mail was written and given to the mail line.")),
        "skipped": State("mute", _("Left out"), _("There was a reason not to send it.")),
    }[state]


def methods() -> dict[str, str]:
    """Return how money may come in."""
    found = {
        "transfer": _("Bank transfer"),
        "cash": _("Cash"),
        "card": _("Card"),
        "direct_debit": _("Direct debit"),
        "online": _("Online payment"),
        "other": _("Other"),
    }
    return {method: found[method] for method in METHODS}


def days_around(days: int) -> str:
    """Return when a reminder is, seen from the due date: "7 days before it is due"."""
    if days == 0:
        return _("On the day it is due")
    if days > 0:
        return ngettext("%(num)s day before it is due", "%(num)s days before it is due", days)
    return ngettext("%(num)s day after it was due", "%(num)s days after it was due", -days)


def reason(sentence: str) -> str:
    """Return why a reminder was left out, one of the ledger's own sentences, in the reader's language."""
    return _(sentence) if sentence else ""


def meaning(part: str) -> str:
    """Return what a column of a file is read as."""
    return {
        "number": _("Number of the bill"),
        "person": _("Person"),
        "external_id": _("Number of the person"),
        "email": _("Address of the person"),
        "title": _("What for"),
        "amount": _("Amount"),
        "currency": _("Currency"),
        "due_on": _("Due on"),
        "issued_on": _("Issued on"),
        "paid": _("What is paid"),
        "paid_on": _("Paid on"),
        "note": _("More to say"),
    }.get(part, part)


def plain_amount(minor: int, currency: str) -> str:
    """Return a sum as a field shows it: "1250.00"."""
    places = exponent(currency)
    digits = str(minor).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}" if places else digits


def words() -> dict[str, Callable[..., object]]:
    """Return what the templates of these pages may ask for."""
    asked = (
        amount,
        day,
        month,
        bill_state,
        bill_states,
        reminder_state,
        reason,
        meaning,
        plain_amount,
        methods,
        days_around,
    )
    return {each.__name__: each for each in asked}
