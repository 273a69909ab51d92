"""Whom a bill is for: what was typed becomes one person, or a choice between those who fit."""

from __future__ import annotations

import re

from flask_babel import gettext as _

from edupulse.errors import Invalid, NotFound
from edupulse.people import listing, rows
from edupulse.people.models import Person
from edupulse.web.form import Form

MOST_CHOICES = 8  # that a page offers; more of them say that too little was typed
MOST_KNOWN = 300  # that the field completes; whoever is not among them is still found by what is typed
_NUMBER = re.compile("[0-9]{1,9}")
_OURS = re.compile(r"(?:^|\s)#(\d{1,9})$")


def label(person: Person) -> str:
    """Return how the field writes a person, so that it can be read back: "Zoë Berg #12"."""
    return f"{person.name} #{person.id}"


def known_people() -> list[Person]:
    """Return those whom the field completes."""
    return listing.people(state="active", size=MOST_KNOWN).items


def person_of(form: Form) -> Person:
    """Return the one person whom the form means; raises Invalid, with those who fit as `choices`."""
    typed, picked = form.value("person"), form.value("person_id")
    if not typed:
        raise Invalid(_("Say whom the bill is for."), field="person")
    if picked and typed == form.value("person_asked"):
        return _by_number(picked)
    if ours := _OURS.search(typed):
        return _by_number(ours[1])
    return listing.find(typed) or _only_one_near(typed)


def person_numbered(text: str) -> Person | None:
    """Return the person with this id, as an address of a page has it; None where there is none."""
    try:
        return _by_number(text)
    except Invalid:
        return None


def _by_number(text: str) -> Person:
    try:
        return rows.existing(int(text) if _NUMBER.fullmatch(text) else 0)
    except NotFound:
        raise Invalid(_("There is no person #%(number)s.", number=text[:20]), field="person") from None


def _only_one_near(typed: str) -> Person:
    near = listing.people(typed, size=MOST_CHOICES + 1).items
    if len(near) == 1:
        return near[0]
    shown = typed[:60]
    if not near:
        raise Invalid(
            _("Nobody fits “%(text)s”.", text=shown),
            cure=_("Look at the spelling, or enter the person under People first."),
            field="person",
        )
    if len(near) > MOST_CHOICES:
        raise Invalid(
            _("More than %(count)s people fit “%(text)s”.", count=MOST_CHOICES, text=shown),
            cure=_("Type more of the name, the address or the number."),
            field="person",
        )
    raise Invalid(
        _("Several people fit “%(text)s”.", text=shown),
        cure=_("Choose one of them."),
        field="person",
        choices=near,
    )
