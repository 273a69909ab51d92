"""People: listed, entered, changed, sent off and removed; and everything that was ever mailed to one address."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from edupulse.accounts.audit import entries_of
from edupulse.errors import Conflict, EduPulseError, Invalid
from edupulse.finance.listing import BillFilter, totals
from edupulse.mail.timeline import timeline
from edupulse.mailboxes.letters import letters_of
from edupulse.people import listing, rows
from edupulse.people.entry import TEXTS
from edupulse.people.models import Person
from edupulse.web.bill_words import amount
from edupulse.web.flashes import say
from edupulse.web.form import Form
from edupulse.web.people_words import conflict_words, labels, languages, refuse
from edupulse.web.words import SCOPES

blueprint = Blueprint("people", __name__, url_prefix="/people")


@blueprint.get("")
def index() -> str:
    """List people by the filter in the address of the page."""
    search, state = request.args.get("q", "").strip(), request.args.get("state", "")
    page = listing.people(search, state, request.args.get("page", ""))
    facts = {"search": search, "state": state, "counts": listing.counts()}
    return render_template("people/index.html", page=page, **facts)


@blueprint.get("/new")
def new() -> str:
    """Show the form of a new person."""
    return _form_page(Form())


@blueprint.post("")
def create() -> AnyResponse:
    """Enter a person; what cannot be used comes back with every word still there."""
    form = Form(MultiDict(request.form))
    try:
        person = rows.add(_said(form), actor=current_user.email)
    except (Invalid, Conflict) as error:
        return _refused(form, error)
    say(_("%(name)s is entered.", name=person.name))
    return _to_record(person)


@blueprint.get("/<int:person_id>")
def record(person_id: int) -> str:
    """Show what is known of a person, and where else they are named."""
    return _record_page(rows.existing(person_id))


@blueprint.get("/<int:person_id>/edit")
def edit(person_id: int) -> str:
    """Show the form of a person as they stand."""
    person = rows.existing(person_id)
    values = {name: getattr(person, name) or "" for name in TEXTS}
    return _form_page(Form(MultiDict({**values, "revision": str(person.revision)})), person)


@blueprint.post("/<int:person_id>")
def change(person_id: int) -> AnyResponse:
    """Store what was typed, unless somebody else was faster."""
    person, form = rows.existing(person_id), Form(MultiDict(request.form))
    try:
        rows.change(person_id, _said(form), actor=current_user.email, revision=_revision())
    except (Invalid, Conflict) as error:
        return _refused(form, error, person)
    say(_("It is saved."))
    return _to_record(person)


@blueprint.post("/<int:person_id>/departure")
def leave(person_id: int) -> AnyResponse:
    """Say that somebody has left: they are kept, and not written to."""
    person = rows.change(person_id, {"active": False}, actor=current_user.email)
    say(_("%(name)s has left, and is not written to any more.", name=person.name))
    return _to_record(person)


@blueprint.post("/<int:person_id>/return")
def come_back(person_id: int) -> AnyResponse:
    """Say that somebody is here again."""
    person = rows.change(person_id, {"active": True}, actor=current_user.email)
    say(_("%(name)s is here again.", name=person.name))
    return _to_record(person)


@blueprint.post("/<int:person_id>/deletion")
def remove(person_id: int) -> AnyResponse:
    """Remove somebody whom nothing names; else say on their page what does."""
    person = rows.existing(person_id)
    name = person.name
    try:
        rows.remove(person_id, actor=current_user.email, revision=_revision())
    except Conflict as error:
        return make_response(_record_page(rows.existing(person_id), problem=conflict_words(error)), 409)
    say(_("%(name)s is removed.", name=name))
    return redirect(url_for(".index"), 303)


@blueprint.get("/<path:address>")
def show(address: str) -> str:
    """Show the whole story of one address."""
    story = timeline(address, request.args.get("page", ""))
    return render_template("people/show.html", story=story, letters=letters_of(story.address), scopes=SCOPES)


def _said(form: Form) -> dict[str, str | bool]:
    return {name: form.value(name) for name in TEXTS}


def _revision() -> int | None:
    text = request.form.get("revision", "")
    return int(text[:9]) if text.isascii() and text.isdecimal() else None


def _record_page(person: Person, problem: str = "") -> str:
    history = entries_of(rows.subject_of(person.id))
    sums = [each for each in totals(BillFilter(person_id=person.id)) if each.open_minor]
    return render_template(
        "people/record.html",
        person=person,
        history=history,
        owed=[amount(each.open_minor, each.currency) for each in sums],
        is_late=any(each.overdue_minor for each in sums),
        labels=labels(),
        languages=languages(),
        problem=problem,
    )


def _form_page(form: Form, person: Person | None = None, **facts: Any) -> str:
    return render_template("people/form.html", form=form, person=person, languages=languages(), **facts)


def _refused(form: Form, error: EduPulseError, person: Person | None = None) -> AnyResponse:
    twin = error.facts.get("person_id") if "field" in error.facts else None
    refuse(form, error)
    return make_response(_form_page(form, person, twin=twin), 422)


def _to_record(person: Person) -> AnyResponse:
    return redirect(url_for(".record", person_id=person.id), 303)
