"""The form of a bill: what was typed becomes a bill or its changes; what is refused comes back with every word."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from edupulse.config import Settings
from edupulse.errors import EduPulseError, Invalid
from edupulse.finance.bills import NewBill
from edupulse.finance.models import Bill
from edupulse.finance.money import check_currency, parse_amount
from edupulse.people.models import Person
from edupulse.web.bill_person import label, person_of
from edupulse.web.bill_refusals import in_words, translated
from edupulse.web.bill_words import plain_amount
from edupulse.web.form import Form
from edupulse.web.problems import Problems

FIELDS = ("person", "title", "amount", "currency", "due_on", "issued_on", "number", "note", "remind")
# Under which name the domain refuses a field, and the one that the form has for it
NAMES = {"person_id": "person", "amount_minor": "amount"}
NO_REVISION = -1
_NUMBER = re.compile("[0-9]{1,9}")


@dataclass
class BillForm(Form):
    """What stands in the fields, what is wrong with it, and the people among whom to choose."""

    choices: list[Person] = field(default_factory=list)

    def take_refusal(self, error: EduPulseError) -> None:
        """Put what is refused beside its field, in the reader's language."""
        for name, sentence in in_words(error).items():
            shown = NAMES.get(name, name)
            self.errors[shown if shown in FIELDS else ""] = sentence


def blank(today: date, settings: Settings, person: Person | None = None) -> BillForm:
    """Return the form of a new bill."""
    return BillForm(
        MultiDict(
            {
                "person": label(person) if person else "",
                "currency": settings.currency,
                "issued_on": today.isoformat(),
                "remind": "on",
            }
        )
    )


def filled(bill: Bill) -> BillForm:
    """Return the form that describes a bill."""
    return BillForm(
        MultiDict(
            {
                "person": label(bill.person),
                "title": bill.title,
                "amount": plain_amount(bill.amount_minor, bill.currency),
                "currency": bill.currency,
                "due_on": bill.due_on.isoformat(),
                "issued_on": bill.issued_on.isoformat(),
                "number": bill.number,
                "note": bill.note,
                "remind": "on" if bill.remind else "",
                "revision": str(bill.revision),
            }
        )
    )


def read_new(form: BillForm) -> NewBill:
    """Return the bill that the form describes; raises Invalid with a sentence for each bad field."""
    problems = Problems()
    person = problems.of("person", lambda: _person(form))
    currency = problems.of("currency", lambda: _currency(form))
    values = {
        "title": problems.of("title", lambda: _title(form)),
        "amount_minor": problems.of("amount", lambda: read_amount(form, currency)) if currency else None,
        "due_on": problems.of("due_on", lambda: needed_day(form, "due_on")),
        "issued_on": problems.of("issued_on", lambda: read_day(form, "issued_on")),
    }
    problems.raise_any()
    texts = {name: form.value(name) for name in ("number", "note")}
    said: dict[str, Any] = {**values, **texts, "currency": currency, "remind": form.chosen("remind", "on")}
    return NewBill(person_id=person.id if person else 0, **said)


def read_changes(form: BillForm, bill: Bill) -> dict[str, Any]:
    """Return what the form makes different from `bill`; raises Invalid with a sentence for each bad field.

    What stands as the page has shown it is not read again: it holds, however somebody writes sums or names.
    """
    problems, before = Problems(), filled(bill)
    readers: Mapping[str, Any] = {
        "person": lambda: _person(form).id,
        "title": lambda: _title(form),
        "amount": lambda: read_amount(form, bill.currency),
        "due_on": lambda: needed_day(form, "due_on"),
        "issued_on": lambda: needed_day(form, "issued_on"),
        "note": lambda: form.value("note"),
        "remind": lambda: form.chosen("remind", "on"),
    }
    columns = {"person": "person_id", "amount": "amount_minor"}
    touched = [name for name in readers if form.value(name) != before.value(name)]
    found = {columns.get(name, name): problems.of(name, readers[name]) for name in touched}
    problems.raise_any()
    return found


def revision_of(form: Form) -> int | None:
    """Return the revision that the form was filled from; one that cannot be is none of it."""
    said = form.value("revision")
    return None if not said else int(said) if _NUMBER.fullmatch(said) else NO_REVISION


def read_amount(form: Form, currency: str) -> int:
    """Return the sum in the field `amount`, in minor units; raises Invalid."""
    if not form.value("amount"):
        raise Invalid(_("Say how much."), cure=_("Write for example 12.50."), field="amount")
    with translated("amount"):
        return parse_amount(form.value("amount"), currency)


def needed_day(form: Form, name: str) -> date:
    """Return the day in the field `name`; raises Invalid for an empty one too."""
    day = read_day(form, name)
    if day is None:
        raise Invalid(_("Choose a day."), field=name)
    return day


def read_day(form: Form, name: str) -> date | None:
    """Return the day in the field `name`, None for an empty one; raises Invalid."""
    text = form.value(name)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        message = _("“%(text)s” is not a day.", text=text[:40])
        raise Invalid(message, cure=_("Write it like 2026-03-12."), field=name) from None


def _person(form: BillForm) -> Person:
    try:
        return person_of(form)
    except Invalid as error:
        form.choices = list(error.facts.get("choices", ()))  # type: ignore[call-overload]
        raise


def _currency(form: Form) -> str:
    with translated("currency"):
        return check_currency(form.value("currency"))


def _title(form: Form) -> str:
    if not form.value("title"):
        raise Invalid(_("Say what the bill is for."), field="title")
    return form.value("title")
