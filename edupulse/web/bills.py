"""Bills: listed with their sums, entered, changed, voided, reminded of, and each with its whole story."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from edupulse import clock
from edupulse.config import current_settings
from edupulse.errors import Conflict, EduPulseError, Invalid
from edupulse.finance import bills, due, listing, sending, timeline
from edupulse.finance.listing import BillFilter
from edupulse.finance.models import Bill
from edupulse.walltime import to_local
from edupulse.web.bill_form import BillForm, blank, filled, read_changes, read_new, revision_of
from edupulse.web.bill_person import known_people, label, person_numbered
from edupulse.web.bill_refusals import in_words, sentence
from edupulse.web.bill_story import story
from edupulse.web.bill_words import amount, words
from edupulse.web.flashes import say
from edupulse.web.form import Form

blueprint = Blueprint("bills", __name__, url_prefix="/bills")
blueprint.context_processor(words)

NEXT_REMINDERS = 50
# What the page calls a part of the filter, and what the domain calls it.
ASKED = {
    "q": "search", "state": "state", "person": "person_id", "from": "due_from", "until": "due_until",
    "currency": "currency",
}  # fmt: skip


@blueprint.get("")
def index() -> AnyResponse:
    """List bills by the filter in the address, and their sums."""
    asked = {name: request.args.get(name, "").strip() for name in ASKED}
    try:
        filters, problem = BillFilter.of({ASKED[name]: value for name, value in asked.items() if value}), ""
    except Invalid as error:
        filters, problem = BillFilter(), sentence(error)
    page = render_template(
        "bills/index.html",
        asked=asked,
        problem=problem,
        page=listing.bills(filters, request.args.get("page", "")),
        totals=listing.totals(filters),
        person=person_numbered(asked["person"]),
        is_narrow=any(asked.values()),
    )
    return make_response(page, 422 if problem else 200)


@blueprint.get("/coming")
def coming() -> str:
    """List the reminders that go out next."""
    return render_template("bills/coming.html", reminders=due.coming(NEXT_REMINDERS))


@blueprint.get("/new")
def new() -> str:
    """Show the form of a new bill."""
    person = person_numbered(request.args.get("person", ""))
    today = to_local(clock.now(), current_settings().timezone).date()
    return form_page(blank(today, current_settings(), person))


@blueprint.post("")
def create() -> AnyResponse:
    """Enter a bill; what cannot be used comes back with every word still there."""
    form = BillForm(MultiDict(request.form))
    try:
        bill = bills.add(read_new(form), actor=current_user.email)
    except (Invalid, Conflict) as error:
        return refused_form(form, error)
    say(_("Bill %(number)s over %(amount)s is entered.", **_named(bill)))
    return to_bill(bill.id)


@blueprint.get("/<int:bill_id>")
def show(bill_id: int) -> str:
    """Show one bill: what is paid, what is open, its reminders and its story."""
    return bill_page(bill_id)


@blueprint.get("/<int:bill_id>/edit")
def edit(bill_id: int) -> str:
    """Show the form of a bill."""
    bill = bills.existing(bill_id)
    return form_page(filled(bill), bill=bill)


@blueprint.post("/<int:bill_id>")
def change(bill_id: int) -> AnyResponse:
    """Change a bill, unless somebody else did so meanwhile."""
    bill, form = bills.existing(bill_id), BillForm(MultiDict(request.form))
    try:
        bills.change(bill_id, read_changes(form, bill), actor=current_user.email, revision=revision_of(form))
    except (
        Conflict
    ) as error:  # the revision stays that of the form: a second try must not undo what others did
        return refused_form(form, error, bill=bill, status=409)
    except Invalid as error:
        return refused_form(form, error, bill=bill)
    say(_("Saved."))
    return to_bill(bill_id)


@blueprint.post("/<int:bill_id>/voiding")
def void(bill_id: int) -> AnyResponse:
    """Say that a bill does not hold any more."""
    form = Form(MultiDict(request.form))
    try:
        bill = bills.void(bill_id, form.value("reason"), actor=current_user.email, revision=revision_of(form))
    except (Invalid, Conflict) as error:
        return refused_act(bill_id, form, error, "reason")
    say(_("Bill %(number)s is void. Nobody is reminded of it any more.", number=bill.number), tone="wait")
    return to_bill(bill_id)


@blueprint.post("/<int:bill_id>/restoration")
def unvoid(bill_id: int) -> AnyResponse:
    """Let a void bill hold again."""
    form = Form(MultiDict(request.form))
    try:
        bill = bills.unvoid(bill_id, actor=current_user.email, revision=revision_of(form))
    except Conflict as error:
        return refused_act(bill_id, form, error)
    say(_("Bill %(number)s holds again.", number=bill.number))
    return to_bill(bill_id)


@blueprint.post("/<int:bill_id>/reminders")
def remind(bill_id: int) -> AnyResponse:
    """Send a reminder now, by hand."""
    try:
        sending.remind_now(bill_id, actor=current_user.email)
    except (Invalid, Conflict) as error:
        return refused_act(bill_id, Form(), error)
    say(_("The reminder is on its way. Its mail stands below, with what becomes of it."))
    return to_bill(bill_id)


def bill_page(bill_id: int, form: Form | None = None) -> str:
    """Return the page of a bill; `form` is an act that was refused, with what was typed."""
    bill = bills.existing(bill_id)
    return render_template(
        "bills/show.html",
        bill=bill,
        form=form or Form(),
        today=to_local(clock.now(), current_settings().timezone).date(),
        entries=story(timeline.story(bill_id, str(get_locale())), bill),
        silence=timeline.why_no_reminder(bill_id),
    )


def form_page(form: BillForm, *, bill: Bill | None = None) -> str:
    """Return the page with the form of a bill."""
    return render_template("bills/form.html", form=form, bill=bill, known=known_people(), label=label)


def refused_form(
    form: BillForm, error: EduPulseError, *, bill: Bill | None = None, status: int = 422
) -> AnyResponse:
    """Return the form again, with every word still there and what is wrong beside its field."""
    form.take_refusal(error)
    return make_response(form_page(form, bill=bill), status)


def refused_act(bill_id: int, form: Form, error: EduPulseError, *fields: str) -> AnyResponse:
    """Return the page of the bill again, what was typed in its place, and why it was refused beside it."""
    for name, words_of_it in in_words(error).items():
        form.errors[name if name in fields else ""] = words_of_it
    status = 409 if isinstance(error, Conflict) else 422
    return make_response(bill_page(bill_id, form), status)


def to_bill(bill_id: int) -> AnyResponse:
    """Go to the page of a bill."""
    return redirect(url_for("bills.show", bill_id=bill_id), 303)


def _named(bill: Bill) -> dict[str, Any]:
    return {"number": bill.number, "amount": amount(bill.amount_minor, bill.currency)}
